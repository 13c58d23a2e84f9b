"""Starting, watching and stopping the processes ./dev owns; none of them outlives it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from devtools.say import line

PR_SET_PDEATHSIG = 1
LONGEST_PAUSE = 30.0


@dataclass
class Process:
    """One child: how it is started, how it is asked to stop, where its pid and its log are."""

    name: str
    command: Sequence[str]
    run_dir: Path
    env: Mapping[str, str]
    cwd: Path
    stop_signal: signal.Signals = signal.SIGTERM
    user: int | None = None
    group: int | None = None
    child: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    next_try_at: float = 0.0

    @property
    def pid_file(self) -> Path:
        return self.run_dir / f"{self.name}.pid"

    @property
    def log_file(self) -> Path:
        return self.run_dir.parent / "log" / f"{self.name}.log"

    def start(self) -> None:
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self.child = subprocess.Popen(
                self.command,
                cwd=self.cwd,
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=dies_with_parent(self.stop_signal),
                user=self.user,
                group=self.group,
                extra_groups=None if self.user is None else [],
            )
        self.started_at = time.monotonic()
        self.pid_file.write_text(f"{self.child.pid}\n")

    @property
    def is_running(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def stop(self, patience: float) -> None:
        """Asks, waits, and only then kills the whole session of the child."""
        if self.child is None:
            return
        if self.is_running:
            self.child.send_signal(self.stop_signal)
            try:
                self.child.wait(patience)
            except subprocess.TimeoutExpired:
                line(f"  {self.name} did not stop within {patience:.0f} s and was killed.")
                self.kill_session()
                self.child.wait()
        self.kill_session()
        self.pid_file.unlink(missing_ok=True)

    def kill_session(self) -> None:
        """What a killed child left behind (pool processes, web workers) must not keep its port or its tasks."""
        if self.child is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.child.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """The end of its log, for the sentence that says why it did not start."""
        if not self.log_file.exists():
            return "it wrote nothing"
        text = [one for one in self.log_file.read_text(errors="replace").splitlines() if one.strip()]
        return text[-1].strip() if text else "it wrote nothing"


def keep_running(processes: Sequence[Process], pause: Callable[[float], None] = time.sleep) -> NoReturn:
    """Restarts whichever child died, at once the first time and then with growing pauses; ends by KeyboardInterrupt."""
    while True:
        now = time.monotonic()
        for process in processes:
            if process.is_running:
                if process.failures and now - process.started_at > LONGEST_PAUSE * 2:
                    process.failures = 0
            elif process.next_try_at == 0.0:
                code = process.child.returncode if process.child else "?"
                delay = 0.0 if process.failures == 0 else min(2.0**process.failures, LONGEST_PAUSE)
                line(f"  {process.name} ended ({code}); starting it again{f' in {delay:.0f} s' if delay else ''}.")
                process.next_try_at = now + delay
            elif now >= process.next_try_at:
                process.failures += 1
                process.next_try_at = 0.0
                process.kill_session()
                process.start()
        pause(0.2)


def stop_left_behind(pid_file: Path, word: str) -> None:
    """Ends a child of an earlier ./dev that was itself killed, if the pid still belongs to a command naming `word`."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        pid = int(pid_file.read_text())
        deadline = time.monotonic() + 20
        while word in _command_line(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL)
            time.sleep(0.2)
        pid_file.unlink(missing_ok=True)


def _command_line(pid: int) -> str:
    if Path("/proc/self").exists():
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        return ""
    return subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True).stdout


def dies_with_parent(ending: signal.Signals) -> Callable[[], None] | None:
    """On Linux the kernel passes `ending` to the child when ./dev is killed; elsewhere the pid files must do."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask_the_kernel() -> None:
        library.prctl(PR_SET_PDEATHSIG, int(ending), 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), ending)

    return ask_the_kernel


def interrupt_on_signals() -> None:
    """Ctrl-C, SIGTERM and a closed terminal all become KeyboardInterrupt, also where the shell had us ignore Ctrl-C."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if one is not signal.SIGHUP or signal.getsignal(one) is not signal.SIG_IGN:
            signal.signal(one, interrupt)


def ignore_signals() -> None:
    """Lets an orderly stop be finished however often Ctrl-C is pressed."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
