"""The living page of components: made-up samples of everything the pages are built from, in every state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from complaints.models import Channel, Priority, Severity
from complaints.models.complaint import Flag
from complaints.states import Outcome, Status
from staff.templatetags.redress import CLOCK_ICONS, SIGNS

THEMES = ("light", "dark")
SECTIONS = [
    ("colours", _("Colour and type")),
    ("buttons", _("Buttons and keys")),
    ("badges", _("Badges")),
    ("clocks", _("Clocks")),
    ("fields", _("Form fields")),
    ("errors", _("Form fields with errors")),
    ("lists", _("Lists and tables")),
    ("history", _("History of a complaint")),
    ("figures", _("Figures and charts")),
    ("notices", _("Notices and news")),
    ("facts", _("People, facts and files")),
    ("ways", _("Ways through a page")),
    ("portal", _("The portal")),
]
ROLES = ("page", "surface", "sunken", "hover", "chosen", "ink", "ink-2", "ink-3", "line", "line-strong", "accent")
MEANINGS = [
    ("calm", _("Calm")),
    ("due", _("Due soon")),
    ("breached", _("Overdue")),
    ("safety", _("Safety")),
    ("done", _("Done")),
]
CATEGORIES = [
    ("outage", _("Outage")),
    ("voltage", _("Voltage")),
    ("billing", _("Billing")),
    ("safety", _("Safety")),
    ("service", _("Service")),
]
STORY = "昨晚七点左右小区突然停电，冰箱里的药需要冷藏，请尽快处理。"


@require_safe
def style(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    sides = [samples(theme, now) for theme in THEMES]
    return render(request, "style.html", {"sections": SECTIONS, "sides": sides, "icons": sorted(_icons())})


def samples(theme: str, now: datetime) -> dict[str, Any]:
    """Everything one side of the page shows; ids carry the theme, because each component stands there twice."""
    return {
        "theme": theme,
        "roles": ROLES,
        "meanings": MEANINGS,
        "badges": BADGES,
        "clocks": clocks(now),
        "form": SampleForm(auto_id=f"{theme}-%s"),
        "bound": SampleForm(data={"phone": "12", "story": "", "channel": "visit"}, auto_id=f"{theme}-wrong-%s"),
        "rows": rows(now),
        "entries": entries(now),
        "story": story(now),
        "figures": FIGURES,
        "stats": STATS,
        "charts": charts(theme),
        "person": PERSON,
        "files": FILES,
        "answers": ANSWERS,
        "steps": STEPS,
        "tabs": TABS,
        "crumbs": CRUMBS,
        "promised_at": now + timedelta(days=2),
    }


class SampleForm(forms.Form):
    """One field of every kind."""

    name = forms.CharField(label=_("Name"), max_length=40, required=False)
    phone = forms.RegexField(r"^1\d{10}$", label=_("Mobile number"), help_text=_("We call this number."))
    category = forms.ChoiceField(label=_("What is it about?"), choices=CATEGORIES, widget=forms.RadioSelect)
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    since = forms.DateTimeField(
        label=_("Since when?"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}), required=False
    )
    story = forms.CharField(label=_("What happened?"), max_length=200, widget=forms.Textarea(attrs={"rows": 3}))
    photos = forms.FileField(
        label=_("Photographs"), required=False, help_text=_("JPEG or PNG, at most 10 MB each."), allow_empty_file=True
    )
    consent = forms.BooleanField(label=_("You may call me about this"), required=False)


@dataclass(frozen=True, slots=True)
class SampleClock:
    label: LazyText
    state: str
    share: float
    words: LazyText
    due_at: datetime | None = None
    title: LazyText | str = ""


def clocks(now: datetime) -> list[SampleClock]:
    """A clock in each of its states."""
    first, resolution = _("First contact"), _("Resolution")
    soon, past = now + timedelta(hours=3, minutes=20), now - timedelta(hours=26)
    return [
        SampleClock(resolution, "running", 0.35, _("due in 4 days"), now + timedelta(days=4), _("Thursday 17:30")),
        SampleClock(first, "due_soon", 0.86, _("due in 3 h 20 min"), soon, _("Today 17:30")),
        SampleClock(resolution, "breached", 1.4, _("overdue by 1 day 2 h"), past, _("Yesterday 15:10")),
        SampleClock(resolution, "paused", 0.5, _("paused, waiting for the customer")),
        SampleClock(first, "met", 0.6, _("met, 2 h early"), past),
        SampleClock(first, "late", 1.2, _("met, 40 min late"), past),
        SampleClock(resolution, "excused", 1.0, _("overdue, excused by the storm"), past),
        SampleClock(first, "none", 0, _("no promise")),
    ]


def rows(now: datetime) -> list[dict[str, Any]]:
    """A few rows of a queue."""
    kinds = [("outage", "dispatched", 2), ("voltage", "investigating", 3), ("safety", "registered", 1)]
    labels, statuses = dict(CATEGORIES), dict(Status.choices)
    return [
        {
            "reference": f"TS2026111{number}00{number}42",
            "category": (category, labels[category]),
            "status": (status, statuses[status]),
            "priority": (priority, dict(Priority.choices)[priority]),
            "story": STORY,
            "who": "王敏",
            "clock": clocks(now)[number],
        }
        for number, (category, status, priority) in enumerate(kinds)
    ]


def entries(now: datetime) -> list[dict[str, Any]]:
    """A history with every kind of entry."""
    hour = timedelta(hours=1)
    return [
        {"kind": "customer", "who": "王敏", "at": now - 30 * hour, "text": STORY, "mentions": []},
        {"kind": "system", "title": _("Registered"), "who": "26-0004517-3", "at": now - 30 * hour},
        {"kind": "system", "title": _("Dispatched"), "who": _("Outage crew"), "at": now - 29 * hour, "icon": "send"},
        {
            "kind": "note",
            "who": "李伟",
            "at": now - 28 * hour,
            "text": _("Fuse of transformer area 12 is blown; crew leaves at once.") + " @王芳",
            "mentions": ["@王芳"],
        },
        {
            "kind": "call",
            "who": "李伟",
            "at": now - 27 * hour,
            "text": _("Reached. Supply is back; she asks for the cause in writing."),
            "mentions": [],
        },
        {
            "kind": "message",
            "who": "李伟",
            "at": now - 3 * hour,
            "text": _("Your supply was restored at 21:40. A fuse in your transformer area had blown."),
            "mentions": [],
            "files": FILES[:1],
            "state": _("sent at once"),
        },
    ]


def story(now: datetime) -> list[dict[str, Any]]:
    """The same history as the customer reads it."""
    return [
        {"kind": "system", "icon": "check", "title": _("We received your complaint"), "at": now - timedelta(hours=30)},
        {"kind": "system", "icon": "check", "title": _("The outage crew has it"), "at": now - timedelta(hours=29)},
        {"kind": "customer", "text": STORY, "mentions": [], "at": now - timedelta(hours=28)},
    ]


def charts(theme: str) -> list[dict[str, Any]]:
    """One chart of each kind the reports draw."""
    months = ["2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11"]
    named = [
        (_("Outage"), [42, 68, 71, 40, 33, 30]),
        (_("Voltage"), [30, 52, 58, 28, 22, 20]),
        (_("Billing"), [25, 24, 27, 31, 26, 24]),
    ]
    stacked = {
        "kind": "counts",
        "labels": months,
        "series": [{"name": str(name), "values": values} for name, values in named],
    }
    share = {
        "kind": "shares",
        "labels": months,
        "series": [{"name": str(_("Satisfied")), "values": [81, 74, 72, 83, 86, 88]}],
        "lows": [75, 68, 66, 77, 80, 82],
        "highs": [86, 79, 77, 88, 91, 93],
    }
    return [
        _chart(f"{theme}-counts", _("Voltage complaints rose in July and fell again in September."), stacked),
        _chart(f"{theme}-lines", _("Billing complaints hardly change with the season."), {**stacked, "kind": "lines"}),
        _chart(f"{theme}-shares", _("Satisfaction fell in the summer and is higher than before."), share),
        _chart(f"{theme}-heat", _("Outages are a matter of the summer."), {**stacked, "kind": "heat"}),
    ]


def _chart(name: str, sentence: LazyText, option: dict[str, Any]) -> dict[str, Any]:
    columns = [_("Month"), *(series["name"] for series in option["series"])]
    values = zip(option["labels"], *(series["values"] for series in option["series"]), strict=True)
    return {"id": name, "sentence": sentence, "option": option, "columns": columns, "rows": list(values)}


def _icons() -> set[str]:
    return {*CLOCK_ICONS.values(), *(sign.icon_name for sign in SIGNS.values())} - {""}


BADGES = [
    (_("Status"), "status", Status.choices),
    (_("Priority"), "priority", Priority.choices),
    (_("Severity"), "severity", Severity.choices),
    (_("Category"), "category", CATEGORIES),
    (_("Channel"), "channel", Channel.choices),
    (_("Outcome"), "outcome", Outcome.choices),
    (_("Flag"), "flag", Flag.choices),
]
FIGURES = [
    {"label": _("Overdue"), "value": 3, "url": "#figures", "meaning": "breached", "trend": "+2", "direction": "up"},
    {"label": _("Due within four hours"), "value": 11, "url": "#figures", "meaning": "due"},
    {
        "label": _("Received today"),
        "value": 47,
        "url": "#figures",
        "trend": _("as usual"),
        "direction": "level",
        "band": _("usual 38–56"),
    },
    {"label": _("Safety, open"), "value": 1, "url": "#figures", "meaning": "safety"},
    {"label": _("Satisfied"), "value": 88, "unit": "%", "meaning": "done", "trend": "+4", "direction": "up"},
]
STATS = [
    {"label": _("Open complaints"), "value": 128},
    {"label": _("Median days to resolve"), "value": "3.4"},
    {"label": _("Reopened"), "value": "2.1%", "url": "#facts"},
]
PERSON = {
    "name": "王敏",
    "phone": "13900000042",
    "number": "3301000042",
    "lines": ["杭州市西湖区文三路 100 号 3 幢 502 室"],
    "flags": [(Flag.VULNERABLE.value, Flag.VULNERABLE.label)],
}
FILES = [
    {"name": "电表箱.jpg", "url": "#facts", "size": 482_133, "kind": "image"},
    {"name": "letter-2026-11-12.pdf", "url": "#facts", "size": 91_200, "kind": "document"},
]
ANSWERS = [
    {"label": _("What is it about?"), "value": _("Outage"), "change_url": "#portal"},
    {"label": _("What happened?"), "value": STORY, "change_url": "#portal"},
    {"label": _("Mobile number"), "value": "139 0000 0042", "change_url": "#portal"},
]
STEPS = [
    {"label": _("The problem"), "state": "done", "url": "#portal"},
    {"label": _("The place"), "state": "current"},
    {"label": _("About you"), "state": "to_come"},
    {"label": _("Check your answers"), "state": "to_come"},
]
TABS = [
    {"label": _("Mine"), "url": "#ways", "count": 12, "current": True},
    {"label": _("My team"), "url": "#ways", "count": 48},
    {"label": _("Due soon"), "url": "#ways", "count": 0},
]
CRUMBS = [
    {"label": _("Queue"), "url": "#ways"},
    {"label": "26-0004517-3", "url": "#ways"},
    {"label": _("Resolve")},
]
