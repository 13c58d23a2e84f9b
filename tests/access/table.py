"""docs/access.md as a table that a program can compare."""

from __future__ import annotations

from pathlib import Path

TABLE = Path(__file__).resolve().parents[2] / "docs" / "access.md"


def rows() -> dict[tuple[str, str], list[str]]:
    """The words of each address and method, in the order of the columns."""
    found: dict[tuple[str, str], list[str]] = {}
    for line in TABLE.read_text().splitlines():
        if line.startswith("| `/"):
            address, method, *words = (
                cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split(" | ")
            )
            key = (address.strip("`").replace("\\|", "|"), method)
            assert key not in found, f"{key} is there twice"
            found[key] = words
    return found


def row(address: str, method: str, words: list[str]) -> str:
    """As it stands in the document."""
    shown = address.replace("|", "\\|")
    return "| " + " | ".join([f"`{shown}`", method, *words]) + " |"
