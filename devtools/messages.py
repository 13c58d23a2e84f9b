"""Translations without gettext: extracts, checks, updates and compiles the catalogues; runs inside the environment."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileParser, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("zh_Hans",)
PACKAGES = ("config", "staff", "customers", "complaints", "channels_intake", "analytics")
NOT_SOURCES = {"migrations", "__pycache__"}
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|\{\w*\}")

Key = tuple[str, str]
"""Context (empty when there is none) and the English text (the singular one)."""


class LastFilledWins(Catalog):
    """Several people append to one file: of equal entries the last one that says something counts."""

    def __setitem__(self, id: Any, message: Message) -> None:
        current = self.get(message.id, message.context) if message.id else None
        if current is not None:
            if any(_strings(message)):
                current.string, current.flags = message.string, set(message.flags)
            return
        super().__setitem__(id, message)


def main(arguments: list[str]) -> int:
    actions = {"compile": compile_, "check": check, "update": update}
    action = actions[arguments[0]]
    return max(action(ROOT / "locale" / language / "LC_MESSAGES" / "django.po") for language in LANGUAGES)


def compile_(po: Path) -> int:
    po.parent.mkdir(parents=True, exist_ok=True)
    unfinished = po.with_suffix(f".{os.getpid()}.tmp")
    with unfinished.open("wb") as out:
        write_mo(out, read(po), use_fuzzy=False)
    unfinished.replace(po.with_suffix(".mo"))
    return 0


def check(po: Path) -> int:
    """Says what is missing, fuzzy, left over, or has other placeholders than its source; 1 if anything is."""
    catalogue, sources = read(po), extract()
    entries = {key_of(message): message for message in catalogue if message.id}
    missing = sources.keys() - entries.keys()
    problems = [f"not in the catalogue: {_shown(key)} ({sources[key].locations[0][0]})" for key in missing]
    for key, message in entries.items():
        if key not in sources:
            problems.append(f"no longer used: {_shown(key)}")
        elif message.fuzzy:
            problems.append(f"fuzzy: {_shown(key)}")
        elif not all(_strings(message)):
            problems.append(f"not translated: {_shown(key)}")
        else:
            problems += [f"other placeholders: {_shown(key)} has {found}" for found in _other_placeholders(message)]
    for problem in sorted(problems):
        print(f"{po.parent.parent.name}: {problem}")
    return 1 if problems else 0


def update(po: Path) -> int:
    """Adds what is missing, drops what is no longer used, sorts; translations are kept."""
    catalogue, sources = read(po), extract()
    fresh = LastFilledWins(locale=catalogue.locale, project="Redress", fuzzy=False, header_comment="")
    known = {key_of(message): message for message in catalogue if message.id}
    for key in sorted(sources, key=lambda one: (one[1].casefold(), one[1], one[0])):
        source, old = sources[key], known.get(key)
        fresh.add(
            source.id,
            old.string if old and isinstance(old.id, tuple) == isinstance(source.id, tuple) else None,
            context=source.context,
            flags={"python-format"} if "%(" in key[1] else set(),
        )
    out = io.BytesIO()
    write_po(out, fresh, width=0, omit_header=True, sort_output=False)
    po.parent.mkdir(parents=True, exist_ok=True)
    po.write_text(_HEADER.format(language=catalogue.locale) + out.getvalue().decode(), encoding="utf-8")
    new, dropped = len(sources.keys() - known.keys()), len(known.keys() - sources.keys())
    print(f"{po.relative_to(ROOT)}: {len(sources)} texts, {new} new, {dropped} dropped")
    return compile_(po)


_HEADER = """# The Chinese words of Redress; terms as the trade uses them.
msgid ""
msgstr ""
"Project-Id-Version: Redress\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""


def read(po: Path) -> Catalog:
    """The catalogue as written, empty if there is none yet; a line that cannot be read stops with its number."""
    catalogue = LastFilledWins(locale=po.parent.parent.name, fuzzy=False)
    if not po.exists():
        return catalogue
    with po.open("rb") as source:
        PoFileParser(catalogue, abort_invalid=True).parse(source)
    return catalogue


def extract() -> dict[Key, Message]:
    """Every text of the program, by context and English text."""
    found = Catalog()
    for path, lines in _sources():
        for number, function, messages, _comments in extract_python(lines, KEYWORDS, [], {}):
            _add(found, path, number, KEYWORDS[str(function)], messages)
    return {key_of(message): message for message in found if message.id}


def _sources() -> Iterator[tuple[str, io.BytesIO]]:
    """Each source as Python; templates through Django's templatize, in brackets so that indentation means nothing."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if not NOT_SOURCES & set(path.parts):
                yield str(path.relative_to(ROOT)), io.BytesIO(path.read_bytes())
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix in {".html", ".txt"}:
            code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
            yield str(path.relative_to(ROOT)), io.BytesIO(f"({code}\n)".encode())


def _add(catalogue: Catalog, path: str, line: int, spec: Any, messages: Any) -> None:
    given = messages if isinstance(messages, tuple) else (messages,)
    context, texts = None, given[:1]
    if spec is not None:
        context = next((given[part[0] - 1] for part in spec if isinstance(part, tuple)), None)
        texts = tuple(given[part - 1] for part in spec if isinstance(part, int))
    if not texts or not all(isinstance(text, str) and text for text in texts):
        return
    text = texts[0] if len(texts) == 1 else texts
    catalogue.add(text, locations=[(path, line)], context=context)


def key_of(message: Message) -> Key:
    return message.context or "", message.id[0] if isinstance(message.id, tuple | list) else message.id


def _strings(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, tuple | list) else (message.string or "",)


def _other_placeholders(message: Message) -> list[str]:
    """Translations whose placeholders differ; a plural form may leave out what no English form needs."""
    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
    allowed = [set(PLACEHOLDER.findall(text)) for text in ids]
    return [text for text in _strings(message) if set(PLACEHOLDER.findall(text)) not in allowed]


def _shown(key: Key) -> str:
    return f"{key[1]!r}" + (f" (context {key[0]!r})" if key[0] else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
