"""What was found about service in the made-up utility, and the coaching that followed: enough for lists and the report."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from django.utils import timezone

from complaints.models import HOLDS, SERVICE, CoachingAction, CoachingKind, Complaint, ConductFinding, ConductRule
from complaints.states import FINDINGS
from staff.actors import Role
from staff.models import User

NEWEST = 240
"""So many of the answered complaints about service, the newest first, have a finding."""
VERDICTS = {
    "upheld": "substantiated",
    "partly_upheld": "partly",
    "not_upheld": "not_substantiated",
    "unverifiable": "unverifiable",
}
WHY = {
    "substantiated": "录音与客户所述一致。",
    "partly": "部分属实：等候时间较长，但无推诿。",
    "not_substantiated": "录音与客户所述不符。",
    "unverifiable": "录音已过保存期，无证人。",
}
LESSONS = {
    CoachingKind.TALK: "谈话提醒：先安抚、再核实",
    CoachingKind.REFRESHER: "文明用语与首问负责复训",
    CoachingKind.SHADOWING: "跟班学习三天",
    CoachingKind.EXAM: "“十个不准”考试",
    CoachingKind.PROCESS: "增设高峰窗口，叫号分流",
}


def teach(*, seed: int, ending: datetime) -> None:
    """Write findings for answered complaints about service, and coaching for most of those that held."""
    rng = Random(f"service {seed}")
    rules = {code: rules_of(code) for code in (f"SVC-{number:02d}" for number in range(1, 15))}
    answered = Complaint.objects.filter(category__code=SERVICE, outcome__in=FINDINGS, resolved_at__isnull=False)
    rows = answered.select_related("subcategory", "team", "branch", "assignee").order_by("-resolved_at", "-pk")[:NEWEST]
    people = {role: list(User.objects.filter(role=role, is_active=True).order_by("pk")[:40]) for role in Role}
    found, given = [], []
    for complaint in rows:
        rule = rng.choice(rules.get(complaint.subcategory.code if complaint.subcategory else "", []) or [None])
        finding = finding_of(complaint, rule, rng, by=complaint.assignee or people[Role.SUPERVISOR][0])
        found.append(finding)
        if finding.verdict in HOLDS and people[Role.AGENT] and not finding.no_coaching_because:
            given.append(coaching_of(complaint, people, rng, ending))
    ConductFinding.objects.bulk_create(found)
    CoachingAction.objects.bulk_create(given)


def rules_of(subcategory: str) -> list[ConductRule]:
    """The rules without a measure that speak of this subcategory."""
    return list(ConductRule.objects.filter(subcategories__contains=[subcategory], measure=""))


def finding_of(complaint: Complaint, rule: ConductRule | None, rng: Random, *, by: User) -> ConductFinding:
    assert complaint.resolved_at is not None
    verdict = VERDICTS[complaint.outcome]
    holds = verdict in HOLDS
    return ConductFinding(
        complaint=complaint,
        about_told=f"{rng.randint(1, 9)} 号窗口",
        identified="unit",
        team=complaint.team,
        call_reference=f"REC-{complaint.pk}",
        recording="gone" if verdict == "unverifiable" else "listened",
        rule=rule,
        verdict=verdict,
        because=WHY[verdict],
        apology="made" if holds else "not_owed",
        apology_how="answer" if holds else "",
        apology_on=timezone.localdate(complaint.resolved_at) if holds else None,
        apology_by="营业班长" if holds else "",
        no_coaching_because="已在班会上讲评。" if holds and rng.random() < 0.2 else "",
        entered_by=by,
        entered_at=complaint.resolved_at,
    )


def coaching_of(complaint: Complaint, people: dict[Role, list[User]], rng: Random, ending: datetime) -> CoachingAction:
    assert complaint.resolved_at is not None
    kind = rng.choice(list(CoachingKind))
    due = timezone.localdate(complaint.resolved_at) + timedelta(days=14)
    done_at = complaint.resolved_at + timedelta(days=rng.randint(3, 18))
    is_done = done_at < ending and rng.random() < 0.85
    of_team = kind == CoachingKind.PROCESS and complaint.team is not None
    person = None if of_team else rng.choice(people[Role.AGENT])
    owner = rng.choice(people[Role.SUPERVISOR])
    return CoachingAction(
        complaint=complaint,
        branch=complaint.branch,
        kind=kind,
        what=LESSONS[kind],
        person=person,
        team=person.team if person else complaint.team,
        owner=owner,
        due_on=due,
        check_on=due + timedelta(days=60),
        created_by=owner,
        done_at=done_at if is_done else None,
        done_by=owner if is_done else None,
        result="已完成，考核合格。" if is_done else "",
    )
