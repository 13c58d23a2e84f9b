"""One utility with two districts and something of every kind in the first, for the table of who may reach what.

Everything that could be read carries `SECRET`, so that whoever finds the word where it does not belong has found a leak.
"""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from analytics import subscriptions
from analytics.models import Export, FrozenPack, Pack, Signal, Subject, Subscription
from analytics.packs import freezing
from channels_intake.models import Guide, InboundMail, RegulatorBatch, Scan, Suspicion, UnsentForm, Visitor
from complaints import customer_merging, surveys, workflow
from complaints.models import (
    Attachment,
    BulkRun,
    CallBack,
    CallQuota,
    CannedText,
    Category,
    CoachingAction,
    Complaint,
    ConductRule,
    Erasure,
    Feedback,
    FollowUp,
    InspectionKind,
    InternalRequest,
    IssueAction,
    IssueFollower,
    IssueProposal,
    LadderStep,
    LegalHold,
    Letter,
    MessageTemplate,
    Posting,
    ProtectionZone,
    QuestionSet,
    Retargeting,
    RetentionRule,
    RoutingRule,
    SavedView,
    ServiceIssue,
    Storm,
    Survey,
    Webhook,
)
from customers.models import CustomerImport
from staff.actors import Actor, Role
from staff.models import Absence, Branch, Duty, TeamKind, User
from tests.complaints.inspections.things import an_inspection
from tests.complaints.test_moves import bring
from tests.factories import a_branch, a_complaint, a_key, a_team, a_user, an_account, an_announcement, an_issue

SECRET = "Qx7nobodyelse"
PLACES = ("here", "colleague", "elsewhere", "nowhere", "company")
"""Whoever has the thing, the one beside them, the same role in another district, without a branch, and above all districts."""


@dataclass
class World:
    """`people` by role and place; `things` by the name under which addresses ask for them."""

    branch: Branch
    people: dict[tuple[str, str], User] = field(default_factory=dict)
    clients: dict[tuple[str, str], Client] = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)
    owned: dict[str, dict[str, Any]] = field(default_factory=dict)

    def arguments(self, route: str, names: list[str], role: str) -> dict[str, Any]:
        """What stands in the address of this route when somebody in this role asks for what is theirs."""
        mine = self.owned[role]
        return {name: self._argument(route, name, mine) for name in names}

    def query(self, route: str) -> str:
        """What must follow the address for the question to make sense."""
        return {"analytics:report-list": "?pick=unanswered"}.get(route, "")

    def _argument(self, route: str, name: str, mine: dict[str, Any]) -> Any:
        for key in (f"{route}.{name}", route, name):
            for things in (mine, self.things):
                if key in things:
                    return things[key]
        raise KeyError(f"the world has nothing for <{name}> of {route}")


def make() -> World:
    """Build it all; meant to be rolled back as a whole."""
    company = a_branch()
    world = World(branch=a_branch("here", parent=company))
    team = a_team(TeamKind.OUTAGE, world.branch)
    a_team(TeamKind.DISPATCH, world.branch)
    for role in Role.values:
        branches = (world.branch, world.branch, a_branch("there", parent=company), None, company)
        for place, branch in zip(PLACES, branches, strict=True):
            person = a_user(role, branch=branch)
            world.people[role, place] = person
            client = world.clients[role, place] = Client(raise_request_exception=False)
            client.force_login(person)
            client.cookies["language"] = "en"
    nobody = world.clients["", "here"] = Client(raise_request_exception=False)
    nobody.cookies["language"] = "en"
    supervisor = world.people[Role.SUPERVISOR, "here"]
    complaint = _complaints(world, supervisor)
    _issues(world, supervisor, complaint)
    _settings(world, supervisor)
    _feedback(world, supervisor, complaint)
    _intake(world, supervisor, complaint)
    _personal_data(world, supervisor, complaint)
    world.things["complaints:team.code"] = team.code
    for role in Role.values:
        world.owned[role] = _belongings(world.people[role, "here"], complaint)
    world.owned[""] = world.owned[Role.AGENT]
    return world


def _complaints(world: World, supervisor: User) -> Complaint:
    account = an_account(branch=world.branch, name=f"李 {SECRET}")
    premise = account.premise
    premise.branch = world.branch
    premise.address = f"{SECRET} 路 1 号"
    premise.save()
    complaint = a_complaint(
        branch=world.branch, account=account, customer=account.customer, story=f"停电 {SECRET}", contact_name=SECRET
    )
    bring(complaint, "investigating")
    file = Attachment.objects.create(
        complaint=complaint,
        file=ContentFile(SECRET.encode(), name="a.txt"),
        name=f"{SECRET}.txt",
        content_type="text/plain",
        size=len(SECRET),
        sha256="0" * 64,
        added_at=timezone.now(),
        is_from_customer=True,
    )
    asked_team = a_team(TeamKind.BILLING, world.branch)
    workflow.perform(
        "request", complaint, by=Actor.staff(supervisor), asked_team=asked_team, question=f"请校验 {SECRET}"
    )
    complaint.refresh_from_db()
    request = InternalRequest.objects.get()
    request.shown.add(file)
    about_service = bring(
        a_complaint("SVC-01", branch=world.branch, story=SECRET, contact_name=SECRET), "investigating"
    )
    letter = Letter.objects.create(
        complaint=complaint, attachment=file, to=SECRET, address=SECRET, made_by=supervisor, made_at=timezone.now()
    )
    posting = Posting.objects.create(letter=letter, posted_by=supervisor, posted_at=timezone.now())
    other = an_account(branch=world.branch, name=f"李 {SECRET} 二").customer
    merge = customer_merging.merge(
        an_account(branch=world.branch, name=f"李 {SECRET} 三").customer, other, by=supervisor, reason="x"
    )
    coaching = CoachingAction.objects.create(
        complaint=complaint,
        branch=world.branch,
        kind="talk",
        what=SECRET,
        person=world.people[Role.AGENT, "here"],
        owner=supervisor,
        due_on=timezone.localdate(),
        created_by=supervisor,
    )
    inspection = an_inspection(account=account)
    notice = complaint.notices.order_by("pk").first()
    world.things |= {
        "reference": complaint.reference,
        "token": complaint.token,
        "uuid": file.uuid,
        "complaints:request.number": request.number,
        "complaints:request-file.number": request.number,
        "complaints:conduct-employee.reference": about_service.reference,
        "complaints:coaching-new.reference": about_service.reference,
        "complaints:customer-merge.number": account.customer.number,
        "complaints:customer-unmerge.pk": merge.pk,
        "customers:customer.number": account.customer.number,
        "customers:customer-edit.number": account.customer.number,
        "customers:reveal.number": account.customer.number,
        "complaints:letter-undo.pk": posting.pk,
        "complaints:coaching-action.pk": coaching.pk,
        **{f"complaints:{name}.pk": inspection.pk for name in _INSPECTION},
        "channels_intake:inspection-record.pk": inspection.pk,
        "complaints:inspection-photo.uuid": uuid.uuid4(),
        **{f"complaints:inspection-plan{name}.pk": inspection.plan_id for name in ("", "-stop", "-resume")},
        **{f"complaints:notice{name}.pk": notice.pk for name in ("", "-resend", "-give-up")},
    }
    return complaint


_INSPECTION = ("inspection", "inspection-assign", "inspection-tried", "inspection-move", "inspection-cancel")


def _issues(world: World, supervisor: User, complaint: Complaint) -> None:
    issue: ServiceIssue = an_issue(branch=world.branch, title=SECRET)
    announcement = an_announcement(branch=world.branch, text_en=SECRET)
    action = IssueAction.objects.create(
        issue=issue,
        kind="corrective",
        what=SECRET,
        owner=supervisor,
        due_on=timezone.localdate(),
        created_by=supervisor,
    )
    moment = timezone.now()
    proposal = IssueProposal.objects.create(
        kind="fault",
        branch=world.branch,
        feeder=complaint.account.premise.transformer_area.feeder,
        first_at=moment,
        last_at=moment,
        number=9,
        proposed_at=moment,
    )
    follower = IssueFollower.objects.create(issue=issue, medium="sms", address="13800001235", language="en")
    signal = Signal.objects.create(
        kind="rate",
        rule="beyond",
        series="received:1",
        branch=world.branch,
        category=Category.objects.get(code="OUT"),
        per="week",
        first_day=moment.date() - timedelta(days=6),
        last_day=moment.date(),
        counted_from=moment.date(),
        number=18,
        expected=6,
        low=0,
        high=13,
        sigma_z=1,
        score=4,
        found_at=moment,
        seen_at=moment,
    )
    storm = Storm.objects.create(
        branch=world.branch,
        reason=SECRET,
        began_at=moment,
        declared_by=supervisor,
        declared_at=moment,
        changed_at=moment,
    )
    issue_pages = ("issue", "issue-tell", "issue-action-new", "issue-chosen", "issue-work", "issue-restored")
    announcement_pages = ("", "-edit", "-release", "-move", "-cancel")
    world.things |= {
        **{f"complaints:{name}.pk": issue.pk for name in issue_pages},
        **{f"complaints:announcement{name}.pk": announcement.pk for name in announcement_pages},
        "complaints:issue-action.pk": action.pk,
        **{f"complaints:proposal{name}.pk": proposal.pk for name in ("", "-dismiss")},
        "channels_intake:follow.pk": issue.pk,
        "channels_intake:following.token": follower.token,
        "channels_intake:unfollow.token": follower.token,
        "analytics:signal.pk": signal.pk,
        "analytics:signal-act.pk": signal.pk,
        "analytics:signal-act.act": "acknowledge",
        **{f"complaints:storm-{name}.pk": storm.pk for name in ("end", "withdraw")},
    }


def _settings(world: World, supervisor: User) -> None:
    """Rows that administrators and supervisors keep."""
    moment = timezone.now()
    run = Retargeting.objects.create(policies=["any"], reason=SECRET, asked_by=supervisor, asked_at=moment)
    duty = Duty.objects.create(
        user=supervisor,
        branch=world.branch,
        role=Role.SUPERVISOR,
        starts_at=moment,
        ends_at=moment + timedelta(hours=8),
        entered_by=supervisor,
    )
    absence = Absence.objects.create(user=world.people[Role.INVESTIGATOR, "here"], starts_at=moment, entered_at=moment)
    hook = Webhook.objects.create(name=SECRET, url="https://gis.example/", branch=world.branch, moves=["register"])
    guide = Guide.objects.create(
        slug="a-guide", title_zh="说明", title_en="Guide", body_zh="说明", body_en="Guide", is_published=True
    )
    text = MessageTemplate.objects.filter(medium="sms", language="en").first()
    pack = Pack.objects.create(
        title=SECRET,
        reports=["trend"],
        first_day="2026-03-01",
        last_day="2026-03-31",
        branch=world.branch,
        made_by=world.people[Role.LIAISON, "here"],
        made_at=moment,
    )
    liaison = world.people[Role.LIAISON, "here"]
    pack.refresh_from_db()
    content = freezing.said(pack, liaison, moment)
    FrozenPack.objects.create(
        pack=pack,
        number=1,
        frozen_at=moment,
        frozen_by=liaison,
        as_of=moment,
        content=content,
        digest=freezing.digest(content),
    )
    packs = ("pack", "pack-freeze", "pack-stop", "frozen", "frozen-differences", "frozen-sheet", "frozen-paper")
    world.things |= {
        **{f"complaints:retargeting{name}.pk": run.pk for name in ("", "-stop")},
        "complaints:roster-remove.pk": duty.pk,
        **{f"complaints:absence{name}.pk": absence.pk for name in ("", "-end", "-cancel", "-take-back")},
        **{f"complaints:webhook{name}.pk": hook.pk for name in ("", "-rotate", "-ping")},
        **{f"complaints:calendar{name}.code": "cn-national" for name in ("", "-edit", "-import", "-preview", "-save")},
        **{f"complaints:policy{name}.code": "any" for name in ("", "-edit", "-retire")},
        **{f"complaints:tariff{name}.code": "beijing-annual" for name in ("", "-edit")},
        **{
            f"complaints:route{name}.code": RoutingRule.objects.first().code
            for name in ("", "-up", "-down", "-retire", "-restore")
        },
        **{f"complaints:ladder-{name}.pk": LadderStep.objects.first().pk for name in ("step", "remove")},
        "complaints:conduct-rule.pk": ConductRule.objects.first().pk,
        "complaints:zone-remove.pk": ProtectionZone.objects.first().pk,
        "of": "kind",
        "complaints:safety-setting.pk": InspectionKind.objects.first().pk,
        **{f"complaints:text{name}.code": text.code for name in ("", "-restore")},
        "medium": "sms",
        "language": "en",
        "slug": guide.slug,
        **{f"analytics:{name}.pk": pack.pk for name in packs},
        "analytics:frozen.number": 1,
        "number": 1,
        "complaints:leave.username": world.people[Role.INVESTIGATOR, "here"].username,
    }


def _feedback(world: World, supervisor: User, complaint: Complaint) -> None:
    moment = timezone.now()
    answered = a_complaint(branch=world.branch, story=SECRET, contact_name=SECRET)
    bring(answered, "resolved")
    feedback = Feedback.objects.get(complaint=answered)
    follow_up = FollowUp.objects.create(feedback=feedback, complaint=answered, reason="not_solved", raised_at=moment)
    call = CallBack.objects.create(
        feedback=feedback,
        branch=world.branch,
        reason="all",
        phone="13800009999",
        language="en",
        next_try_at=moment,
        created_at=moment,
    )
    survey = Survey.objects.create(
        name=SECRET,
        branch=world.branch,
        result_zh="供电？",
        result_en="How is the supply?",
        service_zh="服务？",
        service_en="How is the service?",
        closes_at=moment + timedelta(days=20),
        created_by=supervisor,
    )
    surveys.ask_to_draw(survey, at=moment)
    surveys.draw(survey, at=moment)
    quota = CallQuota.objects.first() or CallQuota.objects.create()
    world.things |= {
        "complaints:feedback.token": feedback.token,
        "complaints:follow-up-settle.pk": follow_up.pk,
        **{f"complaints:{name}.pk": call.pk for name in ("call", "call-take", "call-give-back")},
        **{f"complaints:{name}.pk": survey.pk for name in ("survey", "survey-edit", "survey-act")},
        "complaints:survey-act.act": "draw",
        "complaints:survey-answer.token": survey.invites.first().token,
        "analytics:survey.pk": survey.pk,
        **{f"complaints:call-quota{name}.pk": quota.pk for name in ("", "-remove")},
        "complaints:question-set-restore.number": QuestionSet.objects.first().number,
    }


def _intake(world: World, supervisor: User, complaint: Complaint) -> None:
    moment = timezone.now()
    mail = InboundMail.objects.create(
        message_id="<a@b>", received_at=moment, outcome="ignored", subject="x", address="a@example.org"
    )
    public = UnsentForm.objects.create(form_id=uuid.uuid4(), channel="web", saved_at=moment, content={})
    held = UnsentForm.objects.create(
        form_id=uuid.uuid4(), channel="web", saved_at=moment, held_at=moment, held_for=Suspicion.MANY, content={}
    )
    visitor = Visitor.objects.create(branch=world.branch, called_as=SECRET, came_at=moment)
    batch = RegulatorBatch.objects.create(
        file_name=f"{SECRET}.csv",
        sha256="0" * 64,
        branch=world.branch,
        uploaded_by=world.people[Role.LIAISON, "here"],
        uploaded_at=moment,
    )
    customers = CustomerImport.objects.create(
        name=f"{SECRET}.csv",
        file=ContentFile(b"number,name\n", name="a.csv"),
        sha256="0" * 64,
        encoding="utf-8",
        delimiter=",",
        branch=world.branch,
        asked_by=supervisor,
        asked_at=moment,
    )
    world.things |= {
        **{f"channels_intake:{name}.pk": mail.pk for name in ("mail", "mail_original", "mail_settle")},
        **{
            f"channels_intake:{name}.form_id": public.form_id
            for name in ("discard", "keep", "safety", "held", "instead")
        },
        "channels_intake:step.form_id": public.form_id,
        "step": "story",
        "channels_intake:resume.token": public.token,
        **{f"channels_intake:held-{name}.form_id": held.form_id for name in ("register", "back")},
        "channels_intake:visitor.pk": visitor.pk,
        "channels_intake:visitor.name": "call",
        **{f"channels_intake:batch{name}.pk": batch.pk for name in ("", "-back")},
        **{f"customers:import{name}.pk": customers.pk for name in ("", "-rejected")},
        "channel": "phone",
        "paper": "a4",
        "provider": "wecom",
        "fmt": "json",
        "format": "csv",
        "channels_intake:open311-definition.code": "OUT-03",
        "channels_intake:open311-token.token": "no-such-token",
        "complaints:move.name": "note",
        **{f"complaints:move-{name}.name": "note" for name in ("keep", "as-note", "discard")},
        "complaints:bulk.name": "note",
        "complaints:track-move.name": "supplement",
        "complaints:follow-many.what": "follow",
        "analytics:report.name": "trend",
        "analytics:report-list.name": "times",
        "api-report.name": "trend",
        "api-complaint-move.name": "note",
    }


def _personal_data(world: World, supervisor: User, complaint: Complaint) -> None:
    moment = timezone.now()
    hold = LegalHold.objects.create(complaint=complaint, reason=SECRET, placed_by=supervisor, placed_at=moment)
    erasure = Erasure.objects.create(
        customer=an_account(branch=world.branch, name=f"李 {SECRET} 四").customer,
        reason=SECRET,
        asked_by=world.people[Role.LIAISON, "here"],
        asked_at=moment,
    )
    somebody = world.people[Role.INVESTIGATOR, "colleague"]
    a_key(somebody)
    world.things |= {
        "complaints:retention-rule.code": RetentionRule.objects.first().code,
        "complaints:hold-new.of": "complaint",
        "complaints:hold-new.name": complaint.reference,
        "complaints:hold-lift.pk": hold.pk,
        "complaints:erasure-decide.pk": erasure.pk,
        "complaints:erasure-decide.act": "confirm",
        "complaints:erasure-new.number": complaint.customer.number,
        "complaints:hand-out.number": complaint.customer.number,
        "staff:choose-password.uidb64": "MQ",
        "staff:choose-password.token": "no-such-link",
        "staff:remove-factor.what": "app",
        **{f"staff:{name}.username": somebody.username for name in ("person", "reset-password", "person-act")},
        "staff:revoke-token-of.username": somebody.username,
        "staff:revoke-token-of.pk": somebody.api_tokens.get().pk,
        "staff:person-act.what": "end-sessions",
    }


def _belongings(person: User, complaint: Complaint) -> dict[str, Any]:
    """What is theirs alone."""
    moment = timezone.now()
    view = SavedView.objects.create(owner=person, name=SECRET)
    run = BulkRun.objects.create(move="note", asked_by=person, asked_at=moment, said={"note": SECRET})
    phrase = CannedText.objects.create(
        owner=person, title_zh=SECRET, title_en=SECRET, body_zh=SECRET, body_en=SECRET, moves=["note"]
    )
    unsent = UnsentForm.objects.create(
        form_id=uuid.uuid4(), channel="phone", owner=person, saved_at=moment, content={"story": SECRET}
    )
    scan = Scan.objects.create(
        file=ContentFile(_picture(), name="a.png"),
        name="a.png",
        content_type="image/png",
        size=1,
        sha256="0" * 64,
        page_count=1,
        uploaded_by=person,
    )
    a_key(person)
    export = Export.objects.create(
        subject=Subject.COMPLAINTS,
        fingerprint=person.username,
        title=SECRET,
        language="en",
        format="csv",
        asked_by=person,
        asked_at=moment,
    )
    return {
        "staff:revoke-token.pk": person.api_tokens.get().pk,
        **{f"analytics:export-{name}.key": export.uuid for name in ("file", "act")},
        "analytics:export-act.what": "stop",
        **_subscription(person),
        **{f"complaints:saved-view{name}.pk": view.pk for name in ("", "-change")},
        "complaints:saved-view-change.what": "up",
        **{f"complaints:bulk-{name}.key": run.uuid for name in ("run", "again", "stop", "undo")},
        **{f"complaints:phrase{name}.pk": phrase.pk for name in ("", "-remove", "-used")},
        **{
            f"channels_intake:{name}.form_id": unsent.form_id for name in ("hand_over", "discard_unsent", "keep_unsent")
        },
        "channels_intake:scan.uuid": scan.uuid,
        "channels_intake:scan.number": 1,
    }


def _picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (2, 2)).save(written, "PNG")
    return written.getvalue()


def _subscription(person: User) -> dict[str, Any]:
    """Whoever sees no report has none, and asks for a supervisor's."""
    if person.role in (Role.AGENT, Role.INVESTIGATOR):
        person = User.objects.filter(role=Role.SUPERVISOR, branch=person.branch).first()
    made = Subscription(
        subscriber=person, made_by=person, reports=["trend"], day=2, starts_on=timezone.localdate(), language="en"
    )
    subscriptions.keep(made)
    return {
        **{f"analytics:subscription{name}.pk": made.pk for name in ("", "-act")},
        "analytics:subscription-act.what": "pause",
    }
