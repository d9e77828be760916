"""Processes that outlive the script that started them, and are known again by later ones."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOP_LIMIT = 20


class Failed(Exception):
    """It can't go on; the message says why."""


def say(text):
    program = "faults" if sys.argv[1:2] == ["faults"] else pathlib.Path(sys.argv[0]).stem
    print(f"{program}: {text}", file=sys.stderr, flush=True)


def wait(limit, condition, otherwise, pause=0.5):
    """The first truthy result of `condition`, where an OSError counts as not yet."""
    deadline = time.monotonic() + limit
    while True:
        with contextlib.suppress(OSError):
            if found := condition():
                return found
        if time.monotonic() > deadline:
            raise Failed(f"{otherwise() if callable(otherwise) else otherwise} within {limit:.0f} s")
        time.sleep(pause)


def run(line, limit=300, **options):
    """Runs a command to its end; its standard output and what it said besides."""
    line = [str(part) for part in line]
    try:
        # In a session of its own, so that what it starts ends with it.
        process = subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True, **options,
        )
    except OSError as error:
        raise Failed(f"cannot run {line[0]}: {error}") from error
    with process:
        try:
            output, said = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            end([process.pid])
            raise Failed(f"{' '.join(line)} did not end within {limit:.1f} s") from None
        except BaseException:
            end([process.pid])
            raise
    if process.returncode:
        raise Failed(f"{' '.join(line)} ended with status {process.returncode}: {(said or output).strip()[-2000:]}")
    return output, said


def identity(pid):
    """What tells a living process from a later one with its number; none if it does not live."""
    with contextlib.suppress(ChildProcessError):
        # A child that ended keeps its number until somebody asks.
        os.waitpid(pid, os.WNOHANG)
    process = pathlib.Path("/proc") / str(pid)
    try:
        stat = (process / "stat").read_text()
        threads = len(os.listdir(process / "task"))
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    # The command's name may hold anything, and ends with the last parenthesis.
    fields = stat.rpartition(")")[2].split()
    # The first thread can be gone while others still hold what the process has open.
    gone = fields[0] == "X" or fields[0] == "Z" and threads <= 1
    return None if gone else f"{boot}/{fields[19]}"


class PidFile:
    """The number and the identity of a process, in a file."""

    def __init__(self, path):
        self.path = path

    def write(self, pid):
        # In one step: a reader never sees half of it.
        draft = self.path.with_suffix(".new")
        draft.write_text(f"{pid} {identity(pid)}\n")
        draft.replace(self.path)

    def pid(self):
        """The number of the process, as long as it lives."""
        try:
            number, was = self.path.read_text().split()
        except (OSError, ValueError):
            return None
        return int(number) if identity(int(number)) == was else None

    def remove(self):
        self.path.unlink(missing_ok=True)


def leave_by_exception():
    """Has signals end the script on the way on which everything that it started is ended."""
    def leave(signal_number, _):
        # Which a second Ctrl-C must not cut short.
        for one in SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        sys.exit(128 + signal_number)

    for one in SIGNALS:
        # Under nohup, say, one of them is to be ignored.
        if signal.getsignal(one) != signal.SIG_IGN:
            signal.signal(one, leave)


@contextlib.contextmanager
def undisturbed():
    """Puts signals off to the end of the block. Blocking them would be inherited by what it starts."""
    held = []
    usual = {one: signal.getsignal(one) for one in SIGNALS}
    usual = {one: handler for one, handler in usual.items() if callable(handler)}
    for one in usual:
        signal.signal(one, lambda *given: held.append(given))
    try:
        yield
    finally:
        for one, handler in usual.items():
            signal.signal(one, handler)
        if held:
            usual[held[0][0]](*held[0])


def start_detached(line, log, environment):
    """In a session of its own, which neither Ctrl-C nor the terminal's end reaches."""
    with log.open("ab") as output:
        try:
            return subprocess.Popen(
                [str(part) for part in line], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=environment, start_new_session=True,
            ).pid
        except OSError as error:
            raise Failed(f"cannot start {line[0]}: {error}") from error


def send(pid, how):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, how)


def end(pids, patience=STOP_LIMIT):
    """Ends processes with their groups, at first politely. Returns how many had to be killed."""
    left = {pid: identity(pid) for pid in pids}

    def remaining():
        return [pid for pid, was in left.items() if was and identity(pid) == was]

    for how, limit in ((signal.SIGTERM, patience), (signal.SIGKILL, 10)):
        stubborn = remaining()
        for pid in stubborn:
            send(pid, how)
        deadline = time.monotonic() + limit
        while remaining() and time.monotonic() < deadline:
            time.sleep(0.1)
        if not remaining():
            break
    return len(stubborn) if how == signal.SIGKILL else 0
