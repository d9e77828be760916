"""What scripts/weights says of the calls' weights: how heavy the heaviest is, and how far they drifted."""

import json

from places import ROOT
from processes import Failed, run, say

SCRIPT = ROOT / "scripts" / "weights"
FIELDS = ("heaviest_call_block_share", "weight_drift")


def drift(wanted):
    """Both figures, or nothing and the reason; measuring again is only done where it is wanted."""
    if not SCRIPT.is_file():
        return missing("there is no scripts/weights")
    if not wanted:
        return missing("not asked for; --with-weights measures them, which takes long")
    say("measuring the weights")
    try:
        # Status 1 with a result means that a call is too heavy, which is what the figure shows.
        found = json.loads(run([SCRIPT, "drift", "--json"], accepted=(0, 1)))
    except (Failed, ValueError) as failed:
        return missing(f"scripts/weights drift failed: {failed}")
    return {name: found.get(name) for name in FIELDS}


def missing(reason):
    return {**dict.fromkeys(FIELDS), "weights_missing": reason}
