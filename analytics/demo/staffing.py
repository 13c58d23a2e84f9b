"""Branches, teams and people of the made-up utility, and who of them can be shown to a newcomer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.contrib.auth.hashers import make_password

from analytics.demo import network, people
from complaints.models import HandOver, WorkGoes
from staff.actors import Role
from staff.made_up import MADE_UP
from staff.models import Absence, AbsenceKind, Branch, Team, TeamKind, User

PASSWORD = "redress-demo"
MAIL_DOMAIN = MADE_UP.removeprefix("@")

TEAM_NAMES = {
    TeamKind.DISPATCH: ("供电服务指挥班", "Dispatch desk"),
    TeamKind.OUTAGE: ("配电抢修班", "Outage crew"),
    TeamKind.POWER_QUALITY: ("电能质量班", "Power quality"),
    TeamKind.BILLING: ("营业计量班", "Metering and billing"),
    TeamKind.SAFETY: ("用电安全班", "Safety"),
    TeamKind.SERVICE: ("服务质量班", "Service quality"),
    TeamKind.LIAISON: ("监管联络岗", "Regulator liaison"),
}
COUNTY_KINDS = [kind for kind in TEAM_NAMES if kind != TeamKind.LIAISON]


class NameTaken(Exception):
    """A user name that the demo needs belongs to somebody who was not made up here."""


class SignIn(NamedTuple):
    role: str
    username: str
    name: str
    branch: str


class _Post(NamedTuple):
    username: str
    role: str
    branch: Branch
    team: Team | None


def demo_users():  # type: ignore[no-untyped-def]
    return User.objects.filter(email__endswith=f"@{MAIL_DOMAIN}")


def account_managers():  # type: ignore[no-untyped-def]
    """Those who look after key customers, in the order in which customers are given to them."""
    return demo_users().filter(username__startswith="supervisor-").order_by("pk")


def hire(root: Branch) -> None:
    """Branches, teams and people, each made once. Raises NameTaken."""
    posts = list(_posts(root))
    wanted = {post.username: post for post in posts}
    there = dict(User.objects.filter(username__in=wanted).values_list("username", "email"))
    taken = sorted(username for username, email in there.items() if not email.endswith(f"@{MAIL_DOMAIN}"))
    if taken:
        raise NameTaken(taken[0])
    password = make_password(PASSWORD)
    User.objects.bulk_create(
        User(
            username=post.username,
            password=password,
            full_name=people.name(people.mixed(number, 95598)),
            email=f"{post.username}@{MAIL_DOMAIN}",
            role=post.role,
            branch=post.branch,
            team=post.team,
            is_staff=post.role == Role.ADMINISTRATOR,
            is_superuser=post.role == Role.ADMINISTRATOR,
        )
        for number, post in enumerate(posts)
        if post.username not in there
    )


def send_away(ending: datetime) -> None:
    """Some who are away and some who will be, so that the list of absences shows something; their work stays as it is."""
    for number, (username, deputy, kind, goes, start, end) in enumerate(AWAY):
        who = {user.username: user for user in demo_users().filter(username__in=[username, deputy])}
        if username not in who or Absence.objects.filter(user=who[username]).exists():
            continue
        absence = Absence.objects.create(
            user=who[username],
            deputy=who.get(deputy),
            kind=kind,
            starts_at=ending + timedelta(days=start),
            ends_at=None if end is None else ending + timedelta(days=end),
            entered_by=who[username],
            entered_at=ending - timedelta(days=number),
        )
        is_ahead = absence.starts_at > ending
        HandOver.objects.create(absence=absence, goes=goes, begun_at=None if is_ahead else ending)


AWAY = (
    ("billing-01-1", "billing-01-2", AbsenceKind.ILL, WorkGoes.KEEP, -1, None),
    ("power-quality-02-2", "power-quality-02-1", AbsenceKind.LEAVE, WorkGoes.KEEP, -3, 4),
    ("investigator", "investigator-service", AbsenceKind.LEAVE, WorkGoes.DEPUTY, 9, 16),
    ("investigator-billing", "investigator-power-quality", AbsenceKind.TRAINING, WorkGoes.TEAM, 5, 7),
)
"""Who is away in the demo: whom, deputy, why, where the work goes, and from and until how many days after its end."""


def _posts(root: Branch) -> Iterator[_Post]:
    teams = {kind: _team(root, kind) for kind in TEAM_NAMES}
    yield _Post("admin", Role.ADMINISTRATOR, root, None)
    yield _Post("agent", Role.AGENT, root, teams[TeamKind.DISPATCH])
    yield _Post("supervisor", Role.SUPERVISOR, root, teams[TeamKind.DISPATCH])
    yield _Post("liaison", Role.LIAISON, root, teams[TeamKind.LIAISON])
    yield _Post("analyst", Role.ANALYST, root, None)
    yield _Post("investigator", Role.INVESTIGATOR, root, teams[TeamKind.SERVICE])
    for number in range(2, 13):
        yield _Post(f"agent-{number}", Role.AGENT, root, teams[TeamKind.DISPATCH])
    yield _Post("supervisor-2", Role.SUPERVISOR, root, teams[TeamKind.DISPATCH])
    yield _Post("liaison-2", Role.LIAISON, root, teams[TeamKind.LIAISON])
    for kind, team in teams.items():
        yield _Post(f"investigator-{kind.value.replace('_', '-')}", Role.INVESTIGATOR, root, team)
    for county in range(network.COUNTIES):
        yield from _county_posts(root, county)


def _county_posts(root: Branch, county: int) -> Iterator[_Post]:
    name_zh, name_en = network.COUNTY_NAMES[county]
    code = network.county_code(root.code, county)
    branch = _branch(code, root, f"{name_zh}供电公司", f"{name_en} Power Supply")
    short = f"{county + 1:02d}"
    teams = {kind: _team(branch, kind, name_zh, name_en) for kind in COUNTY_KINDS}
    yield _Post(f"supervisor-{short}", Role.SUPERVISOR, branch, teams[TeamKind.DISPATCH])
    yield _Post(f"agent-{short}", Role.AGENT, branch, teams[TeamKind.DISPATCH])
    for kind, team in teams.items():
        for number in (1, 2):
            yield _Post(f"{kind.value.replace('_', '-')}-{short}-{number}", Role.INVESTIGATOR, branch, team)
    for station in range(county, network.STATIONS, network.COUNTIES):
        place_zh, place_en = network.STATION_NAMES[station // network.COUNTIES]
        code = network.station_code(root.code, station)
        unit = _branch(code, branch, f"{name_zh}{place_zh}供电所", f"{name_en}, {place_en} station")
        team = _team(unit, TeamKind.OUTAGE, f"{name_zh}{place_zh}", f"{name_en}, {place_en}:")
        for number in (1, 2):
            yield _Post(f"crew-{code[len(root.code) :]}-{number}", Role.INVESTIGATOR, unit, team)


def _branch(code: str, parent: Branch, name_zh: str, name_en: str) -> Branch:
    return Branch.objects.get_or_create(code=code, defaults={"parent": parent, "name_zh": name_zh, "name_en": name_en})[
        0
    ]


def _team(branch: Branch, kind: TeamKind, place_zh: str = "", place_en: str = "") -> Team:
    name_zh, name_en = TEAM_NAMES[kind]
    return Team.objects.get_or_create(
        code=f"{branch.code}-{kind.value}",
        defaults={
            "kind": kind,
            "branch": branch,
            "name_zh": f"{place_zh}{name_zh}",
            "name_en": f"{place_en} {name_en}".strip(),
        },
    )[0]


def sign_ins() -> list[SignIn]:
    """One person for each role in the whole company, and those of the first county."""
    shown = [
        "agent",
        "investigator",
        "supervisor",
        "liaison",
        "analyst",
        "admin",
        "agent-01",
        "outage-01-1",
        "supervisor-01",
    ]
    users = {user.username: user for user in demo_users().filter(username__in=shown).select_related("branch")}
    return [
        SignIn(str(users[name].get_role_display()), name, users[name].full_name, str(users[name].branch or ""))
        for name in shown
        if name in users
    ]
