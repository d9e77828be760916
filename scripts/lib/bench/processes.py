"""Child processes that never outlive the benchmark, nor does anything that they start."""

import contextlib
import os
import signal
import subprocess
import sys


class Failed(Exception):
    """Something could not be measured; the message says why."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def start(line, **options):
    """In a process group of its own, so that it can be ended as a whole."""
    try:
        return subprocess.Popen([*map(str, line)], start_new_session=True, **options)
    except OSError as error:
        raise Failed(f"cannot start {line[0]}: {error}") from error


def end(process, patience=10):
    """Ends a process with its group, at first politely."""
    if process.poll() is not None:
        return
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def run(line, text=None, accepted=(0,), patience=None, **options):
    """Runs a command to its end, for `patience` seconds at most where given, and returns its standard
    output; its messages are let through."""
    name = os.path.basename(line[0])
    given = subprocess.DEVNULL if text is None else subprocess.PIPE
    process = start(line, stdin=given, stdout=subprocess.PIPE, text=True, **options)
    try:
        output, _ = process.communicate(text, patience)
    except subprocess.TimeoutExpired as expired:
        end(process)
        process.stdout.close()
        raise Failed(f"{name} was not done after {patience} s") from expired
    except BaseException:
        end(process)
        raise
    if process.returncode not in accepted:
        raise Failed(f"{name} ended with status {process.returncode}; its message is above")
    return output
