"""The virus scanner: ClamAV's daemon, asked over a socket. Its protocol is one command, the bytes in lumps, one line back."""

from __future__ import annotations

import re
import socket
import struct
from typing import BinaryIO
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 60
LUMP = 64 * 1024
PORT = 3310
LONGEST_ANSWER = 4096
FOUND = re.compile(r"^stream: (?P<name>.+) FOUND$")


class ScannerAway(Exception):
    """Nobody answers there. Whatever waits goes on waiting."""


class NotScanned(Exception):
    """The scanner took this file and did not judge it, or hung up over it; another file may fare better."""


def verdict(file: BinaryIO, *, url: str) -> str:
    """The name of what is in the file, "" when it is clean. Raises ScannerAway or NotScanned."""
    try:
        scanner = _connected(url)
    except OSError as error:
        raise ScannerAway(str(error)) from error
    with scanner:
        try:
            is_whole = _send(scanner, file)
            answer = _read(scanner)
        except OSError as error:
            raise NotScanned(str(error)) from error
    if answer == "stream: OK" and is_whole:
        return ""
    if (found := FOUND.match(answer)) is not None:
        return found["name"][:120]
    raise NotScanned(answer[:200] or "no answer")


def _connected(url: str) -> socket.socket:
    address = urlsplit(url)
    if address.scheme == "unix":
        scanner = socket.socket(socket.AF_UNIX)
        scanner.settimeout(TIMEOUT_SECONDS)
        try:
            scanner.connect(address.path)
        except OSError:
            scanner.close()
            raise
        return scanner
    return socket.create_connection((address.hostname or "localhost", address.port or PORT), timeout=TIMEOUT_SECONDS)


def _send(scanner: socket.socket, file: BinaryIO) -> bool:
    """Whether the scanner took all of it. It hangs up over a file that is too large for it, and says why."""
    try:
        scanner.sendall(b"zINSTREAM\0")
        while lump := file.read(LUMP):
            scanner.sendall(struct.pack("!I", len(lump)) + lump)
        scanner.sendall(struct.pack("!I", 0))
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def _read(scanner: socket.socket) -> str:
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER and (more := scanner.recv(LONGEST_ANSWER)):
        answer += more
    return answer.rstrip(b"\0\n").decode(errors="replace")
