"""Two of four validators are killed: finality stops, and resumes when they are back."""

from processes import Failed, say

OTHERS = ()
# What was voted for already still becomes final.
SETTLING_SECONDS = 10
STILL_SECONDS = 20
BLOCKS = 10
LIMIT = 180


def check(trial):
    if len(trial.validators()) < 4:
        raise Failed("needs four validators")


def inject(trial):
    trial.start_load()
    victims = trial.victims(2)
    for victim in victims:
        say(f"killing {victim.name}")
        victim.kill()
    trial.sleep(SETTLING_SECONDS)
    anchor = trial.anchor()
    stopped, best = anchor.finalised(), anchor.best()
    trial.sleep(STILL_SECONDS)
    if anchor.finalised() != stopped:
        raise Failed(f"finality went on from block {stopped} to {anchor.finalised()} with two of four validators")
    if anchor.best() <= best:
        raise Failed(f"no block was made after {best} with two of four validators")
    say(f"finality stands at {stopped}, blocks go on to {anchor.best()}")
    for victim in victims:
        trial.start(victim)
    trial.wait(LIMIT, lambda: anchor.finalised() > stopped, f"finality did not resume after block {stopped}")
    for victim in victims:
        trial.await_caught_up(victim)
    trial.expect_finality(BLOCKS, LIMIT)
