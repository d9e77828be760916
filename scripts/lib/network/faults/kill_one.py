"""One of four validators is killed: finality goes on, and it catches up when it is back."""

from processes import Failed, say

OTHERS = ()
BLOCKS = 10
# A quarter of the slots has no author, or only the killed one's.
LIMIT = 120


def check(trial):
    if len(trial.validators()) < 4:
        raise Failed("needs four validators: of fewer, none may fail")


def inject(trial):
    trial.start_load()
    (victim,) = trial.victims(1)
    say(f"killing {victim.name}")
    victim.kill()
    trial.expect_finality(BLOCKS, LIMIT)
    trial.start(victim)
    trial.await_caught_up(victim)
    trial.expect_finality(BLOCKS // 2, LIMIT)
