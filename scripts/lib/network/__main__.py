"""python3 -B scripts/lib/network; scripts/network and scripts/faults call this."""

import sys

from commands import parse_arguments
from processes import Failed, leave_by_exception, say
from rpc import Refused

if __name__ == "__main__":
    arguments = parse_arguments()
    leave_by_exception()
    try:
        sys.exit(arguments.run(arguments))
    except (Failed, Refused, OSError) as failed:
        say(failed)
        sys.exit(1)
