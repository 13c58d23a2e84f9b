"""Running a function of the benchmark in a process where Django is set up, on the servers of a data folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devtools.places import PYTHON, ROOT
from devtools.say import Trouble

MARK = "BENCH "
CODE = """
import django
django.setup()
from bench import inside
from {module} import {function}
inside.answer({function}(*{given!r}))
"""


def answer(said: object) -> None:
    """One line of JSON for the process that asked."""
    sys.stdout.write(f"{MARK}{json.dumps(said)}\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Inside:
    environment: Mapping[str, str]
    python: Path = PYTHON

    def begin(self, where: str, *given: Any) -> subprocess.Popen[str]:
        """`where` is "module:function"; what is given and what it answers is what JSON knows."""
        module, _colon, function = where.partition(":")
        code = CODE.format(module=module, function=function, given=given)
        return subprocess.Popen(
            [str(self.python), "-c", code],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=dict(self.environment),
        )  # fmt: skip

    def ask(self, where: str, *given: Any) -> Any:
        return result(self.begin(where, *given), where)


def result(process: subprocess.Popen[str], what: str) -> Any:
    said, _nothing = process.communicate()
    lines = [one for one in said.splitlines() if one.startswith(MARK)]
    if process.returncode or not lines:
        raise Trouble(f"{what} failed ({process.returncode}); its reason is above.")
    return json.loads(lines[-1].removeprefix(MARK))
