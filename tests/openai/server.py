"""A server of a tiny base, started for the tests and ended with them."""

import json
import os
import subprocess
import tempfile
import threading
from pathlib import Path

KEY = "key-of-the-tests"
# Loading a tiny base takes far less, also on a busy machine.
START_SECONDS = 120
STOP_SECONDS = 30


def binary(variable):
    path = Path(os.environ[variable])
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: build it, or name another in {variable}")
    return path


class Server:
    """`openledger model serve` on a port of its own."""

    def __init__(self, *options):
        self.folder = tempfile.TemporaryDirectory()
        subprocess.run([binary("TINY_BASE"), self.folder.name], check=True)
        folder = Path(self.folder.name)
        command = [
            binary("OPENLEDGER"), "--json", "model", "serve",
            "--base", folder / "tiny.gguf", "--listen", "127.0.0.1:0",
            "--adapter", f"first={folder / 'first'}", "--adapter", f"second={folder / 'second'}",
            *options,
        ]  # fmt: skip
        environment = {**os.environ, "OPENLORA_API_KEY": KEY}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment
        )
        timer = threading.Timer(START_SECONDS, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        if not line:
            raise RuntimeError(f"the server ended with status {self.process.wait()}")
        self.url = f"http://{json.loads(line)['listening']}/v1"

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        finally:
            self.process.kill()
            self.process.stdout.close()
            self.folder.cleanup()
