"""Small things that tests need, valid by default; a complaint is registered through the workflow, as every complaint is."""

import itertools
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from complaints import workflow
from complaints.models import Announcement, Category, Complaint, RootCause, ServiceIssue, Subcategory
from customers.models import Account, Customer, Feeder, Premise, Substation, TransformerArea
from staff import tokens
from staff.actors import THE_CLOCK, THE_CUSTOMER, Actor, Role
from staff.entry_models import Scope
from staff.models import Branch, Team, TeamKind, User

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
"""An ordinary working morning, with ordinary days before and after it."""

_number = itertools.count(1)


def a_branch(code: str = "company", parent: Branch | None = None) -> Branch:
    return Branch.objects.get_or_create(
        code=code, defaults={"name_zh": f"{code} 供电公司", "name_en": f"{code} Power", "parent": parent}
    )[0]


def a_team(kind: str = TeamKind.OUTAGE, branch: Branch | None = None) -> Team:
    branch = branch or a_branch()
    return Team.objects.get_or_create(
        code=f"{branch.code}-{kind}",
        defaults={"name_zh": f"{kind} 班", "name_en": f"{kind} team", "kind": kind, "branch": branch},
    )[0]


def a_user(role: str = Role.AGENT, **fields) -> User:
    number = next(_number)
    fields = {"branch": a_branch(), "email": f"{role}{number}@example.org", "language": "en", **fields}
    return User.objects.create_user(
        username=f"{role}-{number}",
        password="a long pass phrase",
        full_name=f"{role.title()} {number}",
        role=role,
        **fields,
    )


def a_key(user: User, scopes=tuple(Scope.values), **fields) -> str:
    """The key of a program that acts as this person."""
    at = timezone.now()
    fields = {"name": "program", "at": at, "until": at + timedelta(days=30), "by": user, "request": None, **fields}
    return tokens.make(user, scopes=scopes, **fields)[1]


def an_actor(role: str) -> Actor:
    """Someone in this role: staff with a user of their own, or the customer, or the clock."""
    if role in Role.values:
        return Actor.staff(a_user(role))
    return {"customer": THE_CUSTOMER, "clock": THE_CLOCK}[role]


def an_account(**fields) -> Account:
    number = next(_number)
    branch = fields.pop("branch", None) or a_branch()
    substation = Substation.objects.get_or_create(
        code="S1", defaults={"name_zh": "城东变", "name_en": "East", "branch": branch}
    )[0]
    feeder = Feeder.objects.get_or_create(
        code="F1", defaults={"name_zh": "城东一线", "name_en": "East 1", "substation": substation}
    )[0]
    area = TransformerArea.objects.get_or_create(
        code="T1", defaults={"name_zh": "一号台区", "name_en": "Area 1", "feeder": feeder, "branch": branch}
    )[0]
    customer = Customer.objects.create(
        number=f"C{number:08d}", branch=branch, **{"name": f"李 {number}", "phone": f"1380000{number:04d}", **fields}
    )
    premise = Premise.objects.create(address=f"和平路 {number} 号", transformer_area=area, branch=branch)
    return Account.objects.create(number=f"{3100000000 + number}", customer=customer, premise=premise)


def an_issue(**fields) -> ServiceIssue:
    fields = {"kind": "fault", "title": "城东一线跳闸", "branch": a_branch(), "started_at": MONDAY, **fields}
    return ServiceIssue.objects.create(**fields)


def an_announcement(**fields) -> Announcement:
    fields = {
        "kind": "planned_outage",
        "branch": a_branch(),
        "starts_at": MONDAY,
        "ends_at": MONDAY + timedelta(hours=8),
        "text_zh": "线路检修。",
        "text_en": "The line is mended.",
        **fields,
    }
    return Announcement.objects.create(**{"created_by": a_user(), **fields})


def an_unregistered_complaint(code: str = "OUT-03", **fields) -> Complaint:
    """Filled as the door fills one, not saved."""
    subcategory = Subcategory.objects.get(code=code) if code else None
    return Complaint(
        **{
            "category": subcategory.category if subcategory else Category.objects.get(code="OUT"),
            "subcategory": subcategory,
            "priority": subcategory.default_priority if subcategory else 3,
            "channel": "phone",
            "source": "hotline",
            "branch": a_branch(),
            "contact_name": "李四",
            "contact_phone": "13800001234",
            "language": "zh-hans",
            "story": "小区昨晚停电，没有收到通知。",
            **fields,
        }
    )


def a_complaint(code: str = "OUT-03", *, at: datetime = MONDAY, by: Actor | None = None, **fields) -> Complaint:
    a_team(TeamKind.DISPATCH)
    complaint = an_unregistered_complaint(code, **fields)
    workflow.register(complaint, by=by or an_actor(Role.AGENT), at=at)
    complaint.refresh_from_db()
    return complaint


def a_cause() -> RootCause:
    return RootCause.objects.filter(children__isnull=True).first()


def an_answer(**more) -> dict:
    """What resolving a complaint needs."""
    return {"outcome": "upheld", "root_cause": a_cause(), "resolution": "已更换熔断器，供电恢复。", **more}
