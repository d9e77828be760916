"""A validator's clock is wrong by some seconds: the others go on, and it is in step when it is right."""

import datetime
import shutil

from processes import Failed, run, say

OTHERS = ()
SKEWS = (4, -4)
BLOCKS = 8
LIMIT = 150
# The log has whole seconds.
TOLERANCE = 1.5


def check(trial):
    if not shutil.which("faketime"):
        raise Failed("faketime is not installed: apt-get install faketime")
    if len(trial.validators()) < 4:
        raise Failed("needs four validators: of fewer, none may fail")


def environment(seconds):
    """What faketime would set. It is not started itself: it would stand between us and the node."""
    library, _ = run(["faketime", "-m", "-f", "+0s", "printenv", "LD_PRELOAD"])
    return {
        "LD_PRELOAD": library.strip(),
        "FAKETIME": f"{seconds:+d}s",
        # Timers go by the monotonic clock, which a wrong date does not change.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }


def skew(node):
    """How far the time of a log's last line is from when it was written by the machine's clock."""
    line = node.log.read_text(errors="replace").splitlines()[-1]
    told = datetime.datetime.strptime(line[:19], "%Y-%m-%d %H:%M:%S").timestamp()
    return told - node.log.stat().st_mtime


def inject(trial):
    trial.start_load()
    (victim,) = trial.victims(1)
    for seconds in SKEWS:
        victim.stop()
        trial.start(victim, environment(seconds))
        if abs(skew(victim) - seconds) > TOLERANCE:
            raise Failed(f"{victim.name}'s clock is {skew(victim):+.0f} s off, not {seconds:+d} s: faketime has no effect")
        trial.expect_finality(BLOCKS, LIMIT)
        # More than a slot behind, it may refuse the others' blocks as too early, and fall behind until
        # its clock is right: what is asked of it comes below.
        victim.check()
        heights = f"it has finalised {victim.finalised()}, the others {trial.anchor().finalised()}"
        say(f"{victim.name} is {seconds:+d} s off: {heights}")
    victim.stop()
    trial.start(victim)
    trial.await_caught_up(victim)
    trial.expect_finality(BLOCKS, LIMIT)
