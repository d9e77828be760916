"""A new node warp-syncs: it follows the chain without its history, and prunes."""

from layout import RPC
from processes import Failed, say
from rpc import Refused

OTHERS = (RPC,)
# Few, so that pruning can be waited for.
KEPT = 16
BLOCKS = 8
LIMIT = 240
# An era is three epochs of a minute on the preset `local`, and brings a change of the authorities.
CHANGE_LIMIT = 240
SET_ID = "GrandpaApi_current_set_id"


def check(trial):
    if len(trial.validators()) < 3:
        raise Failed("needs three validators: a node warps once it has three peers")


def inject(trial):
    trial.start_load()
    await_change(trial)
    trial.expect_finality(BLOCKS, LIMIT)
    newcomer, anchor = trial.node(RPC), trial.anchor()
    trial.start(newcomer)
    trial.wait(60, lambda: newcomer.logged("Warp sync is complete"), f"{newcomer.name} did not warp")
    trial.wait(60, lambda: newcomer.logged("State sync is complete"), f"{newcomer.name} got no state")
    trial.await_caught_up(newcomer)
    if newcomer.logged("Reverting to full sync"):
        raise Failed(f"{newcomer.name} fell back to a full sync")
    if has_body(newcomer, anchor.rpc("chain_getBlockHash", 1)):
        raise Failed(f"{newcomer.name} has the body of block 1: it did not warp")
    # A block that came in the usual way, until it is older than what is kept.
    block = newcomer.rpc("chain_getBlockHash", newcomer.best())
    if not has_body(newcomer, block) or not has_state(newcomer, block):
        raise Failed(f"{newcomer.name} lacks body or state of its best block {block}")
    trial.expect_finality(KEPT + BLOCKS, LIMIT)
    trial.await_caught_up(newcomer)
    if has_body(newcomer, block) or has_state(newcomer, block):
        raise Failed(f"{newcomer.name} still has body or state of block {block}: it does not prune")
    if not has_body(anchor, block):
        raise Failed(f"{anchor.name} lacks the body of block {block}, which it never prunes")
    say(f"{newcomer.name} follows, and keeps {KEPT} blocks")


def has_body(node, block):
    return node.rpc("chain_getBlock", block) is not None


def has_state(node, block):
    try:
        return bool(node.rpc("state_getRuntimeVersion", block))
    except Refused:
        return False


def await_change(trial):
    """Until the authorities have changed once, for a proof of more than one link."""
    def set_id():
        return int.from_bytes(bytes.fromhex(trial.anchor().rpc("state_call", SET_ID, "0x")[2:]), "little")

    say("waiting for a change of the authorities")
    try:
        trial.wait(CHANGE_LIMIT, set_id, "no change")
        say(f"the authorities' set is number {set_id()}")
    except Failed:
        say("the authorities did not change: the proof has one link, from genesis to the latest justification")
