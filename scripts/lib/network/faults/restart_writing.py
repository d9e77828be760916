"""A validator is killed while it writes, again and again: its database is whole each time."""

from processes import Failed, say
from state import digest

OTHERS = ()
ROUNDS = 5
# Enough for every block to bring something to write, not enough to fill it.
RATE = 25
# Killed within this time of the moment it follows again, whatever it does then.
LONGEST_SECONDS = 6.0
DAMAGE = ("panicked", "orrupt", "Essential task", "Database error", "Backend error", "Invalid header")


def check(trial):
    if len(trial.validators()) < 2:
        raise Failed("needs two validators")


def inject(trial):
    trial.start_load(RATE)
    (victim,) = trial.victims(1)
    for turn in range(ROUNDS):
        trial.sleep(trial.random.uniform(0.5, LONGEST_SECONDS))
        before = victim.best()
        victim.kill()
        size = victim.log.stat().st_size
        trial.start(victim)
        say(f"kill {turn + 1} of {ROUNDS}: {victim.name} was at block {before}, came back with {victim.best()}")
        trial.await_caught_up(victim)
        for text in DAMAGE:
            if victim.logged(text, size):
                raise Failed(f"{victim.name} said `{text}` after kill {turn + 1}; see {victim.log}")
        compare(trial, victim)


def compare(trial, victim):
    """The whole state of a finalised block, as the victim's database has it and as the anchor's."""
    anchor = trial.anchor()
    block = victim.rpc("chain_getFinalizedHead")
    trial.wait(30, lambda: anchor.rpc("chain_getHeader", block), f"{anchor.name} lacks {block}")
    if digest(victim, block) != digest(anchor, block):
        raise Failed(f"{victim.name} and {anchor.name} differ in the state of {block}")
