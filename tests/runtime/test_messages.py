"""Translations: every text is found, and what is missing, left over or wrong is named."""

import gettext

import pytest

from devtools import messages

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A small program with one Python file and one template."""
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    (tmp_path / "staff").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "staff" / "views.py").write_text(
        'a = _("Open")\nb = pgettext("verb", "Open")\nc = ngettext("%(n)s row", "%(n)s rows", 2) % {"n": 2}\nd = _(name)\n'
    )
    (tmp_path / "templates" / "page.html").write_text(
        '<p class="a">\n   {% translate "It\'s late" %}\n{% blocktranslate trimmed with n=name %}\n  Dear {{ n }},\n'
        "  hello\n{% endblocktranslate %}</p>\n  {% translate 'Save' context 'button' %} {# no #}\n"
    )
    folder = tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    return folder / "django.po"


def entry(text, translation, *, context=None):
    return (f'msgctxt "{context}"\n' if context else "") + f'msgid "{text}"\nmsgstr "{translation}"\n\n'


COMPLETE = (
    entry("Open", "打开的")
    + entry("Open", "打开", context="verb")
    + 'msgid "%(n)s row"\nmsgid_plural "%(n)s rows"\nmsgstr[0] "%(n)s 行"\n\n'
    + entry("It's late", "晚了")
    + entry("Dear %(n)s, hello", "%(n)s，您好")
    + entry("Save", "保存", context="button")
)


def test_python_and_templates_are_read(program):
    assert messages.extract().keys() == {
        ("", "Open"), ("verb", "Open"), ("", "%(n)s row"), ("", "It's late"), ("", "Dear %(n)s, hello"), ("button", "Save"),
    }  # fmt: skip


def test_a_complete_catalogue_passes(program, capsys):
    program.write_text(HEAD + COMPLETE)
    assert messages.check(program) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (COMPLETE.replace(entry("It's late", "晚了"), ""), 'not in the catalogue: "It\'s late" (templates/page.html)'),
        (COMPLETE + entry("Closed", "关闭"), "no longer used: 'Closed'"),
        (COMPLETE.replace("晚了", ""), 'not translated: "It\'s late"'),
        ("#, fuzzy\n" + COMPLETE, "fuzzy: 'Open'"),
        (COMPLETE.replace("%(n)s，您好", "%(name)s，您好"), "other placeholders: 'Dear %(n)s, hello'"),
    ],
)
def test_a_fault_is_named(program, capsys, written, said):
    program.write_text(HEAD + written)
    assert messages.check(program) == 1
    assert said in capsys.readouterr().out


def test_of_equal_entries_the_last_filled_one_counts(program):
    program.write_text(HEAD + COMPLETE + entry("It's late", "已逾期") + entry("It's late", ""))
    messages.compile_(program)
    with program.with_suffix(".mo").open("rb") as compiled:
        assert gettext.GNUTranslations(compiled).gettext("It's late") == "已逾期"


def test_update_adds_drops_and_keeps(program, capsys):
    program.write_text(HEAD + COMPLETE.replace(entry("Save", "保存", context="button"), "") + entry("Closed", "关闭"))
    assert messages.update(program) == 0
    written = program.read_text()
    assert "Closed" not in written
    assert 'msgstr "晚了"' in written
    assert messages.check(program) == 1
    assert "not translated: 'Save' (context 'button')" in capsys.readouterr().out
    messages.update(program)
    assert program.read_text() == written
