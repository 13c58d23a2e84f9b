"""Finds or brings the Chromium which the browser journeys drive; says exactly what is missing when it cannot."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from devtools.places import CHROMIUM, ROOT, VAR
from devtools.say import Trouble, step
from devtools.setup import node_command, run_quietly

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGED = "@sparticuz/chromium@153.0.0"


def chromium() -> dict[str, str]:
    """The environment by which the tests find their browser."""
    given = os.environ.get("CHROMIUM")
    if given:
        if not os.access(given, os.X_OK):
            raise Trouble(f"CHROMIUM names {given}, which is not a program.")
        return {"CHROMIUM": given}
    found = _on_path()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install_with_apt()
        found = _on_path()
    return {"CHROMIUM": found} if found else _unpacked()


def _on_path() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _install_with_apt() -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with step("Installing Chromium and a Chinese font with apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], capture_output=True, env=quiet)
        for wanted in (["chromium", "fonts-wqy-microhei"], ["chromium"]):
            command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted]
            if subprocess.run(command, capture_output=True, env=quiet).returncode == 0:
                return


def _unpacked() -> dict[str, str]:
    """The browser inside an npm package, with the few libraries it brings; needs no root."""
    program = CHROMIUM / "chromium"
    if not program.exists():
        if platform.system() != "Linux" or platform.machine() != "x86_64":
            raise Trouble("The browser journeys need Chromium: install it and put its path into the variable CHROMIUM.")
        with step("Unpacking Chromium from an npm package"):
            _unpack(program)
    libraries = f"{CHROMIUM / 'al2023' / 'lib'}:{os.environ.get('LD_LIBRARY_PATH', '')}".rstrip(":")
    environment = {"CHROMIUM": str(program), "LD_LIBRARY_PATH": libraries}
    tried = subprocess.run(
        [str(program), "--version"], capture_output=True, text=True, env={**os.environ, **environment}
    )  # fmt: skip
    if tried.returncode:
        raise Trouble(
            "The browser journeys need Chromium. The unpacked one does not start on this machine "
            f"({(tried.stderr or tried.stdout).strip().splitlines()[-1]}); as root: apt-get install chromium"
        )
    return environment


def _unpack(program: Path) -> None:
    CHROMIUM.mkdir(parents=True, exist_ok=True)
    (CHROMIUM / "package.json").write_text("{}")
    node, folder = node_command(), str(CHROMIUM)
    try:
        run_quietly(
            [*node, "npm", "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", PACKAGED],
            "Fetching Chromium",
        )
        run_quietly([*node, "node", str(ROOT / "devtools" / "unpack-chromium.mjs"), folder], "Unpacking Chromium")
    except Trouble as trouble:
        raise Trouble(f"The browser journeys need Chromium, as root: apt-get install chromium ({trouble})") from None
    if not program.exists():
        raise Trouble(f"The browser journeys need Chromium; unpacking it under {VAR} gave none.")
