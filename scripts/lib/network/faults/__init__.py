"""The faults, by name. Each has what it starts besides validators, a check, and what it does."""

from faults import clock_skew, kill_one, kill_two, operator_cut, restart_writing, warp_sync

ALL = {
    "kill-one": kill_one,
    "kill-two": kill_two,
    "restart-writing": restart_writing,
    "warp-sync": warp_sync,
    "operator-cut": operator_cut,
    "clock-skew": clock_skew,
}
