"""An operator is killed in the middle of a request: the payer is refunded in full."""

import submit
from layout import OPERATOR
from processes import Failed, say

OTHERS = (OPERATOR,)
# Training and indexing four records on a busy machine.
SERVE_LIMIT = 600
DEADLINE_BLOCKS = 15
LATER_BLOCKS = 5
ANSWER_LIMIT = 120


def check(trial):
    if not trial.model.is_file():
        raise Failed(f"{trial.model} is missing: run scripts/setup")


def inject(trial):
    operator, anchor = trial.node(OPERATOR), trial.anchor()
    folder = trial.network.folder / "client"
    folder.mkdir()
    say("training and publishing a small model, a few minutes")
    chain = {"url": anchor.url, "worker": operator.worker, "folder": folder}
    model = submit.ask("serve", trial.limited(SERVE_LIMIT), **chain)["model"]
    trial.start_load()
    asked = submit.ask("ask", trial.limited(60), **chain, model=model, deadline=DEADLINE_BLOCKS)
    request = asked["request"]
    if int(asked["escrow"]) == 0:
        raise Failed(f"nothing is held for request {request}")
    trial.wait(
        ANSWER_LIMIT, lambda: working_on(operator, request),
        f"{operator.name} did not begin request {request}", 0.1,
    )
    operator.kill()
    trace = anchor.rpc("openledger_trace", request)
    say(f"killed {operator.name} while request {request} was {trace['state']}")
    if trace["state"] != "pending":
        raise Failed(f"the answer to request {request} came before the kill; nothing was cut off")
    last = trace["deadline"] + 2
    trial.wait(
        ANSWER_LIMIT, lambda: anchor.finalised() >= last,
        lambda: f"block {last} is not final, {anchor.finalised()} is",
    )
    # An operator that comes back too late finds nothing left to answer.
    trial.start(operator)
    trial.await_caught_up(operator)
    trial.expect_finality(LATER_BLOCKS, ANSWER_LIMIT)
    judge(trial, asked, submit.ask(
        "outcome", trial.limited(60), url=anchor.url, request=request,
        first=trace["requestedAt"], last=anchor.finalised(),
    ))


def working_on(operator, request):
    operator.check()
    return request in operator.rpc("openledger_operatorStatus")["queue"]["running"]


def judge(trial, asked, found):
    request = asked["request"]
    ends = {name: times for name, times in found["events"].items() if times}
    if ends != {"Requested": 1, "Refunded": 1} or found["status"] != "Refunded":
        trial.count("requests", [f"request {request} is {found['status']}, with the events {ends}"])
    # The transaction that asked is paid for; the request's deposit is held, and still the payer's.
    short = int(asked["worth"]) - int(found["worth"]) - int(found["fees"])
    if short or found["escrow"] != "0":
        trial.count("funds", [f"the payer is short of {short}, {found['escrow']} is still held"])
