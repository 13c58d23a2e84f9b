"""Profiles: the files are right, loading them sets up a utility, loading them again changes nothing."""

import itertools
import shutil
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
import yaml
from django.core.management import CommandError, call_command

from complaints import (
    announcements,
    attention,
    coaching,
    concerns,
    figures_told,
    history_told,
    issue_actions,
    issues,
    ladder,
    outbox,
    profiles,
    reports_told,
    signals_told,
    surveys,
    watching,
    webhooks,
)
from complaints.clocks.deadlines import due_at
from complaints.clocks.limits import Limit, Unit
from complaints.clocks.policies import Facts, promises_for
from complaints.clocks.promised import rules_in_force
from complaints.inspections import schedule
from complaints.models import (
    Calendar,
    Category,
    DeskSettings,
    LadderStep,
    MessageTemplate,
    Policy,
    PolicyLimit,
    RequestType,
    RootCause,
    RoutingRule,
    Severity,
    Subcategory,
    Survey,
    Webhook,
)
from staff.models import Branch, Team, TeamKind
from tests.factories import a_complaint, a_user, an_announcement, an_issue

NAMES = profiles.names()
NONE = "-"
MODELS = [
    Branch,
    Team,
    Category,
    Subcategory,
    Survey,
    RootCause,
    Calendar,
    Policy,
    PolicyLimit,
    RoutingRule,
    MessageTemplate,
    LadderStep,
]


def load(name, *options):
    out = StringIO()
    call_command("load_profile", str(name), *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def empty(db):
    """As before anything was set up."""
    RootCause.objects.update(parent=None)
    for model in reversed(MODELS):
        model.objects.all().delete()
    DeskSettings.objects.all().delete()


@pytest.fixture
def cn(empty):
    load("cn-95598")


@pytest.fixture
def copy(tmp_path):
    """A profile of one's own that may be changed."""
    return Path(shutil.copytree(profiles.FOLDER / "cn-95598", tmp_path / "mine"))


def edit(folder, name, change):
    path = folder / name
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def promised(**facts):
    """What a complaint with these facts is promised: {(kind, tier): limit}."""
    known = dict.fromkeys(Facts.__dataclass_fields__, "") | {"request_type": "complaint", "severity": "ordinary"}
    found = promises_for(rules_in_force(), Facts(**(known | facts)))
    return {(p.kind, p.tier): p.limit for p in found if p.limit != NONE}


def counts():
    return {model.__name__: model.objects.count() for model in MODELS}


# loading


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_sets_up_a_utility(empty, name):
    load(name)

    assert set(Category.objects.values_list("code", flat=True)) == {"OUT", "VOL", "BIL", "SAF", "SVC"}
    assert set(Team.objects.values_list("kind", flat=True)) == set(TeamKind.values) - {TeamKind.KEY_ACCOUNTS}
    assert all(category.subcategories.exists() for category in Category.objects.all())
    assert not MessageTemplate.objects.filter(body="").exists()
    for calendar in Calendar.objects.all():
        assert calendar.working_calendar().code == calendar.code


@pytest.mark.parametrize("name", NAMES)
def test_loading_a_profile_twice_changes_nothing(empty, name):
    load(name)
    before = counts()

    assert "0 rows new or changed" in load(name)
    assert counts() == before


def test_the_chinese_profile_has_every_subcategory_of_the_reference(cn):
    assert [(c.code, c.subcategories.count()) for c in Category.objects.all()] == [
        ("OUT", 11),
        ("VOL", 9),
        ("BIL", 14),
        ("SAF", 12),
        ("SVC", 14),
    ]
    assert Category.objects.get(code="SAF").advice["zh"]
    assert DeskSettings.current().hotline == "95598"


def test_a_changed_policy_becomes_a_new_version_and_the_old_one_stays(cn, copy):
    edit(copy, "policies.yaml", lambda content: content["policies"][0]["limits"][0].update(limit="30min"))

    said = load(copy)

    old, new = Policy.objects.filter(code="any").order_by("version")
    assert (old.version, old.is_current, new.version, new.is_current) == (1, False, 2, True)
    assert old.limits.get(kind="dispatch").limit == "20min"
    assert new.limits.get(kind="dispatch").limit == "30min"
    assert "new version: policy any v2" in said
    assert "1 rows new or changed" in said


def test_a_changed_calendar_becomes_a_new_version_and_the_old_one_stays(cn, copy):
    edit(copy, "calendars.yaml", lambda content: content["arrangements"]["cn"]["make_up"].remove("2026-02-14"))

    load(copy)

    old, new = Calendar.objects.filter(code="cn-national").order_by("version")
    assert (old.version, new.version) == (1, 2)
    assert old.working_calendar().is_working_day(date(2026, 2, 14))
    assert not new.working_calendar().is_working_day(date(2026, 2, 14))
    assert Calendar.objects.filter(code="always").count() == 1


def test_where_something_is_set_up_already_loading_can_keep_away(cn):
    Category.objects.filter(code="OUT").update(name_en="Edited on screen")

    load("cn-95598", "--if-empty")

    assert Category.objects.get(code="OUT").name_en == "Edited on screen"


def test_a_ladder_that_people_changed_stays_theirs(cn):
    LadderStep.objects.exclude(kind="", level="breach").delete()
    LadderStep.objects.update(tell=["liaison"])

    assert "0 rows new or changed" in load("cn-95598")

    assert LadderStep.objects.get().tell == ["liaison"]


def test_checking_a_profile_writes_nothing(empty):
    assert "cn-95598 is right" in load("cn-95598", "--check")
    assert not any(counts().values())


# what is refused


def first_limit(content, **values):
    content["policies"][0]["limits"][0].update(values)


REFUSED = {
    "a limit nobody can read": ("policies.yaml", lambda c: first_limit(c, limit="soon"), "policies.yaml, any, dispatch"),
    "a warning nobody can read": ("policies.yaml", lambda c: first_limit(c, warn=["half way"]), "dispatch"),
    "an unknown clock": ("policies.yaml", lambda c: first_limit(c, kind="tea"), "the clock 'tea' is not known"),
    "a misspelt word": ("policies.yaml", lambda c: first_limit(c, pauseable=True), "pauseable, which nothing reads"),
    "an unknown calendar": ("policies.yaml", lambda c: c["calendars"].update(days="moon"), "'moon' is not known"),
    "an unknown subcategory": ("policies.yaml", lambda c: c["policies"][0]["match"].update(subcategory=["OUT-99"]), "'OUT-99' is not known"),
    "two policies for the same": ("policies.yaml", lambda c: c["policies"].append(c["policies"][0] | {"code": "again"}), "for the same complaints as any"),
    "a policy given twice": ("policies.yaml", lambda c: c["policies"].append(c["policies"][0]), "is there twice"),
    "an unknown team": ("routes.yaml", lambda c: c[0].update(team="circus"), "'circus' is not known"),
    "a text in one language": ("templates/asked.yaml", lambda c: c.pop("en"), "templates/asked.yaml: lacks en"),
    "a medium in one language": ("templates/asked.yaml", lambda c: c["en"].pop("sms"), "in both languages"),
    "an unknown placeholder": ("templates/asked.yaml", lambda c: c["en"].update(sms="{weather}"), "{weather}"),
    "a brace left open": ("templates/asked.yaml", lambda c: c["en"].update(sms="{name"), "braces do not match"),
    "a day both off and worked": ("calendars.yaml", lambda c: c["arrangements"]["cn"]["make_up"].append("2026-10-01"), "2026-10-01"),
    "a day that does not exist": ("calendars.yaml", lambda c: c["arrangements"]["cn"]["make_up"].append("2026-02-30"), "calendars.yaml, cn-national"),
    "a question for no form": ("categories.yaml", lambda c: c[0]["questions"][0].update(required_for=["nobody"]), "'nobody' is not known"),
    "a name in one language": ("categories.yaml", lambda c: c[0]["name"].pop("zh"), "lacks zh"),
    "a priority nobody has": ("categories.yaml", lambda c: c[0]["subcategories"][0].update(priority="P9"), "'P9' is not known"),
    "an unknown listener": ("ladder.yaml", lambda c: c["steps"][0].update(tell=["grandmother"]), "ladder.yaml, warn: the listener 'grandmother' is not known"),
    "a step that tells nobody": ("ladder.yaml", lambda c: c["steps"][0].update(tell=[]), "tells nobody"),
    "a warning that acts": ("ladder.yaml", lambda c: c["steps"][0].update(reassigns=True), "a warning changes nothing"),
    "a step given twice": ("ladder.yaml", lambda c: c["steps"].append(c["steps"][0]), "ladder.yaml, warn: is there twice"),
    "an alarm number nobody has": ("ladder.yaml", lambda c: c["steps"][2].update(number=0), "the number 0"),
    "an unknown setting": ("profile.yaml", lambda c: c["desk"].update(coffee=1), "coffee, which nothing reads"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_wrong_profile_is_refused_whole_with_a_sentence(empty, copy, what):
    name, change, sentence = REFUSED[what]
    edit(copy, name, change)

    with pytest.raises(CommandError) as refused:
        load(copy)

    assert sentence in str(refused.value)
    assert not any(counts().values())


def test_a_missing_or_broken_file_is_named(empty, copy):
    (copy / "routes.yaml").write_text("- {code: any, rank", encoding="utf-8")
    with pytest.raises(CommandError, match=r"routes\.yaml cannot be read"):
        load(copy)
    (copy / "routes.yaml").unlink()
    with pytest.raises(CommandError, match=r"routes\.yaml cannot be read"):
        load(copy)
    assert not any(counts().values())


# what the files say


def test_the_working_days_agree_with_an_independent_list(cn):
    national = Calendar.objects.get(code="cn-national").working_calendar()
    office = Calendar.objects.get(code="office").working_calendar()

    for number in range((date(2027, 1, 1) - date(2024, 1, 1)).days):
        day = date(2024, 1, 1) + timedelta(days=number)
        assert national.is_working_day(day) == chinese_calendar.is_workday(day), day
        assert office.is_working_day(day) == national.is_working_day(day), day
    assert national.is_known(date(2026, 12, 31))
    assert not national.is_known(date(2027, 1, 1))


@pytest.mark.parametrize(
    ("received", "limit", "last_day"),
    [
        ("2026-02-13T10:00", "4wd", "2026-02-26"),
        ("2026-09-30T20:00", "5wd", "2026-10-13"),
        ("2026-09-19T09:00", "1wd", "2026-09-20"),
    ],
)
def test_day_limits_end_as_worked_out_in_the_reference(cn, received, limit, last_day):
    calendar = Calendar.objects.get(code="cn-national").working_calendar()
    shanghai = ZoneInfo("Asia/Shanghai")

    due = due_at(Limit.parse(limit), calendar, datetime.fromisoformat(received).replace(tzinfo=shanghai))

    assert due.astimezone(shanghai) == datetime.fromisoformat(last_day).replace(tzinfo=shanghai) + timedelta(days=1)


ORDINARY = {
    ("dispatch", ""): "20min",
    ("acknowledge", ""): "5min",
    ("first_contact", "commitment"): "24h",
    ("resolve", "internal"): "4wd",
    ("resolve", "commitment"): "5wd",
    ("resolve", "statutory"): "10wd",
    ("feedback", ""): "1wd",
}
URGING = {("call_back", "internal"): "2h"}
"""Row 27 holds beside every other."""
OUT_01 = {"category": "OUT", "subcategory": "OUT-01", "priority": "2"}
ROWS = {
    "1 phone": ({"channel": "phone", "source": "hotline"}, ORDINARY),
    "2 web": ({"channel": "web"}, ORDINARY | {("acknowledge", "commitment"): "1wd"}),
    "3 visit": ({"channel": "visit"}, ORDINARY),
    "4 letter": (
        {"channel": "letter"},
        ORDINARY
        | {("dispatch", ""): "4wh", ("acknowledge", ""): "2wd"}
        | {("resolve", "internal"): "7cd", ("resolve", "commitment"): "10cd"},
    ),
    "5 regulator": (
        {"channel": "regulator", "source": "12398"},
        ORDINARY
        | {("acknowledge", ""): "4wh", ("first_contact", "internal"): "4h"}
        | {("resolve", "internal"): "5wd", ("resolve", "commitment"): "8wd"},
    ),
    "6 government line": (
        {"channel": "regulator", "source": "12345"},
        ORDINARY | {("acknowledge", ""): "4wh", ("resolve", "statutory"): "7cd"},
    ),
    "7 petition": (
        {"channel": "letter", "source": "petition"},
        {
            ("dispatch", ""): "4wh",
            ("acknowledge", "statutory"): "15cd",
            ("resolve", "statutory"): "60cd",
            ("feedback", ""): "1wd",
        },
    ),
    "8 supply lost, town": (
        OUT_01 | {"area": "urban"},
        ORDINARY
        | {("dispatch", ""): "5min", ("first_contact", "internal"): "15min", ("feedback", ""): "24h"}
        | {("arrive", "commitment"): "45min", ("arrive", "statutory"): "60min", ("restore", "commitment"): "3h"},
    ),
    "8 supply lost, remote": (
        OUT_01 | {"area": "remote"},
        ORDINARY
        | {("dispatch", ""): "5min", ("first_contact", "internal"): "15min", ("feedback", ""): "24h"}
        | {("arrive", "commitment"): "120min", ("arrive", "statutory"): "240min"},
    ),
    "9 important user, country": (
        OUT_01 | {"area": "rural", "segment": "key"},
        ORDINARY
        | {("dispatch", ""): "5min", ("first_contact", "internal"): "5min", ("feedback", ""): "4h"}
        | {("arrive", "internal"): "30min", ("arrive", "commitment"): "90min", ("arrive", "statutory"): "120min"}
        | {("restore", "internal"): "8h", ("restore", "commitment"): "4h"},
    ),
    "12 over-voltage": (
        {"category": "VOL", "subcategory": "VOL-03", "area": "rural"},
        ORDINARY
        | {("dispatch", ""): "5min", ("first_contact", "internal"): "15min"}
        | {("arrive", "commitment"): "90min", ("arrive", "statutory"): "120min"}
        | {("remediate", "internal"): "30cd", ("remediate", "commitment"): "365cd"},
    ),
    "13 voltage": (
        {"category": "VOL", "subcategory": "VOL-01"},
        ORDINARY
        | {("arrive", "internal"): "2wd", ("remediate", "internal"): "30cd", ("remediate", "commitment"): "365cd"},
    ),
    "14 appliance damage": ({"category": "VOL", "subcategory": "VOL-08"}, ORDINARY | {("arrive", "commitment"): "24h"}),
    "17 billing": ({"category": "BIL", "subcategory": "BIL-01"}, ORDINARY | {("remediate", "internal"): "5wd"}),
    "18 danger to life": (
        {"category": "SAF", "subcategory": "SAF-01", "priority": "1", "area": "urban"},
        ORDINARY
        | {("dispatch", ""): "5min", ("first_contact", "internal"): "5min", ("feedback", ""): "24h"}
        | {("arrive", "commitment"): "45min", ("arrive", "statutory"): "60min", ("resolve", "internal"): "2wd"},
    ),
    "19 hazard": (
        {"category": "SAF", "subcategory": "SAF-05", "priority": "2"},
        ORDINARY | {("first_contact", "internal"): "4h", ("arrive", "internal"): "24h"},
    ),
    "20 minor hazard": ({"category": "SAF", "priority": "3"}, ORDINARY | {("arrive", "internal"): "3wd"}),
    "21 service": ({"category": "SVC", "subcategory": "SVC-01"}, ORDINARY),
    "22 report": (
        {"request_type": "report"},
        ORDINARY | {("resolve", "internal"): "9wd", ("resolve", "commitment"): "10wd"},
    ),
    "23 major": (
        {"severity": "major", "category": "SVC"},
        ORDINARY | {("dispatch", ""): "15min", ("first_contact", "internal"): "2h", ("resolve", "internal"): "2wd"},
    ),
    "25 enquiry": (
        {"request_type": "enquiry"},
        {("dispatch", ""): "20min", ("resolve", "internal"): "4wd", ("resolve", "commitment"): "5wd"},
    ),
    "26 service request": (
        {"request_type": "service_request"},
        {("dispatch", ""): "20min", ("resolve", "commitment"): "5wd"},
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_each_row_of_the_reference_gives_its_limits(cn, row):
    facts, limits = ROWS[row]

    asking = {("request", ""): "4wh" if facts.get("category") in ("OUT", "SAF") else "2wd"}
    assert promised(**facts) == limits | URGING | asking


def test_every_row_is_carried_by_a_policy():
    content = yaml.safe_load((profiles.FOLDER / "cn-95598/policies.yaml").read_text(encoding="utf-8"))

    assert {row for policy in content["policies"] for row in policy["rows"]} == set(range(1, 28))


def at_most(limit):
    """A rough length, enough to compare promises; a working day stands for 1.4 days because of weekends."""
    minutes = {Unit.MINUTE: 1, Unit.HOUR: 60, Unit.WORKING_HOUR: 60, Unit.WORKING_DAY: 2016, Unit.CALENDAR_DAY: 1440}
    parsed = Limit.parse(limit)
    return parsed.amount * minutes[parsed.unit]


def test_no_combination_promises_the_customer_more_than_it_asks_of_staff(cn):
    """However policies combine: internal is not later than commitment, commitment not later than the law."""
    rules = rules_in_force()
    places = [
        ("phone", "hotline"),
        ("web", "website"),
        ("letter", "post"),
        ("letter", "petition"),
        ("visit", "counter"),
    ]
    places += [("regulator", "12398"), ("regulator", "12345"), ("regulator", "petition")]
    matters = [("OUT", "OUT-01"), ("OUT", "OUT-10"), ("VOL", "VOL-01"), ("VOL", "VOL-03"), ("VOL", "VOL-08")]
    matters += [("BIL", "BIL-01"), ("BIL", "BIL-02"), ("BIL", "BIL-05"), ("SAF", "SAF-01"), ("SVC", "SVC-01")]
    severities, areas = [Severity.ORDINARY.value, Severity.MAJOR.value], ["", "rural", "remote"]
    everything = itertools.product(RequestType.values, matters, places, severities, "123", areas, ["household", "key"])

    for request_type, (category, subcategory), (channel, source), severity, priority, area, segment in everything:
        facts = Facts(
            request_type=request_type,
            category=category,
            subcategory=subcategory,
            channel=channel,
            source=source,
            severity=severity,
            priority=priority,
            segment=segment,
            area=area,
        )
        found = {(p.kind, p.tier): p for p in promises_for(rules, facts) if p.limit != NONE}
        lengths = [
            at_most(found["resolve", t].limit)
            for t in ("internal", "commitment", "statutory")
            if ("resolve", t) in found
        ]
        assert lengths, facts
        assert lengths == sorted(lengths), facts
        urgent = subcategory in {"OUT-01", "VOL-03"} or (category == "SAF" and priority == "1")
        if urgent and channel in {"phone", "web"}:
            assert found["dispatch", ""].limit == "5min", facts
        if channel == "regulator" or category == "SAF":
            assert not any(p.pausable for p in found.values() if p.kind == "resolve"), facts
        assert not any(p.pausable for p in found.values() if p.tier == "statutory" or p.kind == "arrive"), facts


@pytest.mark.parametrize("name", NAMES)
def test_every_alarm_of_the_profile_has_a_step_and_the_laws_deadline_reaches_the_level_above(empty, name):
    load(name)
    steps = list(LadderStep.objects.all())

    for limit in PolicyLimit.objects.all():
        for level in ("warn", "breach", "escalate"):
            own = [step for step in steps if step.level == level]
            assert ladder.most_specific(own, limit.kind, limit.tier, 1) is not None
    breach = ladder.most_specific([s for s in steps if s.level == "breach"], "resolve", "statutory", 1)
    assert set(breach.tell) == {"supervisor", "supervisor_above", "liaison"}


# texts


@pytest.mark.parametrize("name", NAMES)
def test_every_occasion_has_its_text_in_both_languages(empty, name):
    load(name)
    texts = set(MessageTemplate.objects.values_list("code", "medium", "language"))

    occasions = {code for rules in outbox.RULES.values() for code, _who in rules} | issues.OCCASIONS
    occasions |= (
        announcements.OCCASIONS | issue_actions.OCCASIONS | coaching.OCCASIONS | watching.OCCASIONS | {webhooks.STOPPED}
    )
    occasions |= (
        surveys.OCCASIONS
        | schedule.OCCASIONS
        | concerns.OCCASIONS
        | {attention.DIGEST, figures_told.DIFFER, history_told.BROKEN, signals_told.FOUND, reports_told.POSTED}
    )
    for code in occasions:
        assert {(code, "email", "zh-hans"), (code, "email", "en")} <= texts, code
    assert {code for code, _medium, _language in texts} == occasions


def test_every_placeholder_has_something_to_put_in_its_place(profile):
    complaint = a_complaint()

    words = outbox.words_for(complaint, complaint.events.get(number=1), DeskSettings.current())

    of_issue = issues.words_for(an_issue(), None, DeskSettings.current())
    of_webhook = webhooks.words_for(Webhook(pk=1, name="GIS", url="https://gis.example/"), "")
    of_announcement = announcements.words_for(an_announcement(), DeskSettings.current())
    of_others = set(of_issue) | set(of_webhook) | set(of_announcement) | watching.WORDS
    of_others |= set(surveys.words_for(Survey(), "x", DeskSettings.current()))
    of_others |= set(reports_told.sample(a_user())[1])
    assert set(words) | of_others | {"name"} == profiles.PLACEHOLDERS


def test_a_chinese_text_message_fits_into_one(cn):
    words = dict.fromkeys(profiles.PLACEHOLDERS, "") | {"reference": "GD20260302-00017", "due": "2026年3月9日", "hotline": "95598", "regulator": "12398", "merged_into": "GD20260302-00016"}  # fmt: skip

    for text in MessageTemplate.objects.filter(medium="sms", language="zh-hans"):
        assert len(text.body.format(**words)) <= 70, text


def test_every_answer_says_how_to_go_further(cn):
    for code in (
        "acknowledged",
        "resolved_feedback",
        "settled_feedback",
        "rejected",
        "referred",
        "withdrawn",
        "closed_no_answer",
        "reopened",
    ):
        for text in MessageTemplate.objects.filter(code=code, medium="email"):
            assert "{regulator}" in text.body, text


@pytest.mark.parametrize("name", NAMES)
def test_the_interview_asks_whether_it_is_solved(name):
    content = yaml.safe_load((profiles.FOLDER / name / "interview.yaml").read_text(encoding="utf-8"))

    assert {"solved", "score", "attitude", "comment"} <= {question["key"] for question in content["questions"]}
    assert all(question["zh"] and question["en"] for question in content["questions"])
    assert set(content["scale"]) == {1, 2, 3, 4, 5}
