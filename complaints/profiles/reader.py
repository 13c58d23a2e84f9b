"""Reads the files of a profile's folder and collects what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Row = dict[str, Any]


class BadProfile(ValueError):
    """A profile cannot be loaded; `faults` are sentences that name file, entry and what is wrong."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(self.faults))


@dataclass(slots=True)
class Reader:
    """Reads the files of one folder and collects every fault, so that they can all be mended at once."""

    folder: Path
    faults: list[str] = field(default_factory=list)

    def file(self, name: str) -> Any:
        try:
            return yaml.safe_load((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise BadProfile([f"{name} cannot be read: {error}"]) from None

    def fault(self, where: str, what: str) -> None:
        self.faults.append(f"{where}: {what}")

    def fields(self, where: str, entry: Any, needed: str, optional: str = "") -> bool:
        """Whether the entry has all the needed keys and no unknown one."""
        if not isinstance(entry, dict):
            self.fault(where, "is not a list of names and values.")
            return False
        missing = set(needed.split()) - set(entry)
        unknown = set(entry) - set(needed.split()) - set(optional.split())
        if missing:
            self.fault(where, f"lacks {', '.join(sorted(missing))}.")
        if unknown:
            self.fault(where, f"says {', '.join(sorted(map(str, unknown)))}, which nothing reads.")
        return not missing and not unknown

    def entries(self, where: str, entries: Any, needed: str, optional: str = "") -> Iterator[tuple[str, Row]]:
        """The well-formed entries with the words that name each; a code may be given once."""
        seen: set[str] = set()
        for entry in entries or []:
            name = f"{where}, {entry.get('code') or entry.get('key') or '?'}" if isinstance(entry, dict) else where
            if not self.fields(name, entry, needed, optional):
                continue
            if name in seen:
                self.fault(name, "is there twice.")
                continue
            seen.add(name)
            yield name, entry

    def known(self, where: str, what: str, value: Any, choices: Iterable[str]) -> None:
        if value not in set(choices):
            self.fault(where, f"the {what} {value!r} is not known.")

    def names(self, where: str, value: Any, prefix: str = "name") -> Row:
        """Both names as fields, for example name_zh and name_en."""
        if not self.fields(where, value, "zh en"):
            return {}
        return {f"{prefix}_zh": str(value["zh"]), f"{prefix}_en": str(value["en"])}
