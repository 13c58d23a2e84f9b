"""The short form of each move, built from what the move needs and takes; pages and the API check input with the same one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from complaints import adjusting, investigation, questions, routing
from complaints.assignee_field import SURE, AssigneeField, assignee_field
from complaints.clocks import asked
from complaints.clocks.shown import limit_words
from complaints.field_types import (
    CHOOSE,
    SCORES,
    AccountField,
    CauseField,
    CustomerField,
    FilesField,
    PauseReasonField,
    ReferenceField,
    SolvedField,
    TeamField,
    YesNoField,
    moment,
    text,
)
from complaints.models import (
    AnsweredBy,
    Category,
    Complaint,
    GivenBack,
    InternalRequest,
    IssueKind,
    PauseReason,
    Priority,
    Responsibility,
    ServiceIssue,
    Severity,
    Subcategory,
)
from complaints.models.promises import WAITING
from complaints.models.service_issue import NEVER_PUBLIC
from complaints.states import FINDINGS, HAND_OVER, MOVES, Outcome
from complaints.typed import MOMENTS
from customers.models import Account, Feeder, TransformerArea
from staff.actors import Role
from staff.models import Branch, Team, User
from staff.scope import within_branches

METHODS = [
    ("phone", _("Phone")),
    ("visit", _("Visit")),
    ("sms", _("Text message")),
    ("email", _("E-mail")),
    ("letter", _("Letter")),
]
EVIDENCE = [
    ("call", _("Recorded call")),
    ("letter", _("Letter")),
    ("signature", _("Signature")),
    ("message", _("Message")),
]
ORDER = [
    "reached",
    "method",
    "contacted_at",
    "arrived_at",
    "restored_at",
    "pause_reason",
    "asked_team",
    "question",
    "answer_by",
    "shown",
    "request",
    "answer",
    "team",
    "assignee",
    "category",
    "subcategory",
    "priority",
    "severity",
    "outcome",
    "root_cause",
    "responsibility",
    "resolution",
    "not_needed",
    "answered_by",
    "contacted",
    "solved",
    "score",
    "attitude",
    "comment",
    "customer",
    "account",
    "into",
    "service_issue",
    "referred_to",
    "evidence",
    "message",
    "amount",
    "way",
    "pay_to",
    "paid_on",
    "files",
    "reason",
    "note",
    *HAND_OVER,
]
"""The order in which a form asks, whatever the move."""


class Asked:
    """Whom and about what a form asks; each method is the field for the detail of its name."""

    def __init__(self, name: str, complaint: Complaint, user: User) -> None:
        self.name, self.complaint, self.user = name, complaint, user

    def team(self) -> forms.Field:
        teams = Team.objects.filter(is_active=True).select_related("branch")
        near = _around(self.complaint.branch)
        usual = self.complaint.team if self.name == "dispatch" else None
        return forms.ModelChoiceField(
            label=_("Team"),
            queryset=teams.filter(near),
            to_field_name="code",
            empty_label=CHOOSE,
            initial=usual or (routing.team_for(self.complaint) if self.name == "dispatch" else None),
        )

    def assignee(self) -> forms.Field:
        return assignee_field(self.name, self.complaint, self.user, _around(self.complaint.branch))

    def asked_team(self) -> forms.Field:
        teams = Team.objects.filter(is_active=True).exclude(pk=self.complaint.team_id or 0).select_related("branch")
        return TeamField(
            label=_("Which team?"),
            queryset=teams.order_by("branch__path", "code"),
            to_field_name="code",
            empty_label=CHOOSE,
            help_text=_(
                "They see your question, the story, the place and the files you tick; no name, no number to call."
            ),
        )

    def question(self) -> forms.Field:
        return text(_("What do you need from them?"), rows=3)

    def answer_by(self) -> forms.Field:
        field = moment(_("By when, if not as the policy says"))
        promise = asked.promise_of(self.complaint)
        if promise is not None:
            field.help_text = _("By policy they have %(limit)s.") % {"limit": limit_words(promise.limit)}
        return field

    def shown(self) -> forms.Field:
        return forms.ModelMultipleChoiceField(
            label=_("Files they see"),
            queryset=self.complaint.attachments.all(),
            to_field_name="uuid",
            widget=forms.CheckboxSelectMultiple,
        )

    def request(self) -> forms.Field:
        return forms.ModelChoiceField(
            label=_("Request"),
            queryset=InternalRequest.objects.filter(complaint=self.complaint),
            to_field_name="number",
        )

    def answer(self) -> forms.Field:
        return text(_("Answer"), rows=4)

    def not_needed(self) -> forms.Field:
        return forms.BooleanField(label=_("What was asked of other teams is not needed any more"))

    def stands(self) -> forms.Field:
        words = _("Colleagues read this; the customer never does. Write @ and a name to tell somebody.")
        return text(_("Where does it stand?"), rows=2, help_text=words)

    def promised(self) -> forms.Field:
        return text(_("What was the customer promised?"), rows=2)

    def next_step(self) -> forms.Field:
        return text(_("What comes next?"), rows=2)

    def watch_for(self) -> forms.Field:
        return text(_("What to watch out for?"), rows=2)

    def reached(self) -> forms.Field:
        return YesNoField(label=_("Did you reach the customer?"))

    def method(self) -> forms.Field:
        return forms.ChoiceField(label=_("How"), choices=METHODS, initial="phone")

    def contacted_at(self) -> forms.Field:
        return moment(_("When, if not just now"))

    def arrived_at(self) -> forms.Field:
        return moment(_("Arrived when, if not just now"))

    def restored_at(self) -> forms.Field:
        return moment(_("Restored when, if not just now"))

    def pause_reason(self) -> forms.Field:
        reasons = PauseReason.objects.filter(is_active=True).exclude(code=WAITING)
        if self.user.role != Role.SUPERVISOR:
            reasons = reasons.filter(needs_supervisor=False)
        return PauseReasonField(
            label=_("Why can nobody work on it?"), queryset=reasons, to_field_name="code", empty_label=CHOOSE
        )

    def category(self) -> forms.Field:
        return forms.ModelChoiceField(
            label=_("Category"),
            queryset=Category.objects.filter(is_active=True),
            to_field_name="code",
            initial=self.complaint.category,
            empty_label=None,
        )

    def subcategory(self) -> forms.Field:
        rows = Subcategory.objects.filter(is_active=True).select_related("category")
        field = forms.ModelChoiceField(
            label=_("Subcategory"), queryset=rows, to_field_name="code", initial=self.complaint.subcategory
        )
        groups: dict[str, list[tuple[str, str]]] = {}
        for row in rows.order_by("category__position", "code"):
            groups.setdefault(row.category.name, []).append((row.code, row.name))
        field.choices = [("", _("not known yet")), *groups.items()]
        return field

    def priority(self) -> forms.Field:
        return forms.TypedChoiceField(
            label=_("Priority"), choices=Priority.choices, coerce=int, initial=self.complaint.priority
        )

    def severity(self) -> forms.Field:
        return forms.ChoiceField(label=_("Severity"), choices=Severity.choices, initial=self.complaint.severity)

    def outcome(self) -> forms.Field:
        choices = [(one.value, one.label) for one in Outcome if one in FINDINGS]
        return forms.ChoiceField(label=_("What did the investigation find?"), choices=choices, widget=forms.RadioSelect)

    def root_cause(self) -> forms.Field:
        known = self.complaint.root_cause or investigation.likely_cause(self.complaint)
        return CauseField(label=_("Root cause"), initial=known, empty_label=CHOOSE)

    def responsibility(self) -> forms.Field:
        return forms.ChoiceField(label=_("Whose responsibility?"), choices=[("", "—"), *Responsibility.choices])

    def resolution(self) -> forms.Field:
        return text(
            _("Answer to the customer"),
            rows=5,
            initial=self.complaint.resolution,
            help_text=_(
                "What we found, why it happened, what was done, what comes next and when. The customer gets this text."
            ),
        )

    def answered_by(self) -> forms.Field:
        return forms.ChoiceField(
            label=_("How did the customer answer?"), choices=AnsweredBy.choices, initial=AnsweredBy.CALL
        )

    def contacted(self) -> forms.Field:
        return YesNoField(label=_("Did one of our staff contact them?"))

    def solved(self) -> forms.Field:
        return SolvedField(label=_("Is the problem solved?"))

    def score(self) -> forms.Field:
        return self._rated(_("How satisfied with the result?"))

    def attitude(self) -> forms.Field:
        return self._rated(_("How satisfied with how we treated you?"))

    def _rated(self, label: Any) -> forms.Field:
        steps = questions.steps(questions.current(), SCORES)
        return forms.TypedChoiceField(label=label, choices=[("", _("no answer")), *steps], coerce=int, empty_value=None)

    def comment(self) -> forms.Field:
        return text(_("In the customer's words"))

    def customer(self) -> forms.Field:
        return CustomerField(
            user=self.user,
            label=_("Who is it?"),
            initial=self.complaint.contact_phone or self.complaint.contact_name,
            help_text=_("Account, meter or customer number, phone, or the name if only one has it."),
        )

    def account(self) -> forms.Field:
        return AccountField(
            user=self.user,
            label=_("Account number"),
            initial=self.complaint.channel_details.get("account_number", ""),
            help_text=_("Says where: premise and network follow from it."),
        )

    def into(self) -> forms.Field:
        return ReferenceField(user=self.user, label=_("Reference of the complaint that goes on"))

    def service_issue(self) -> forms.Field:
        return forms.ModelChoiceField(
            label=_("Service issue"),
            queryset=ServiceIssue.objects.visible_to(self.user).open(),
            empty_label=CHOOSE,
        )

    def referred_to(self) -> forms.Field:
        return forms.CharField(label=_("Who takes it over?"), max_length=120)

    def evidence(self) -> forms.Field:
        return forms.ChoiceField(label=_("How did the customer tell us?"), choices=[("", "—"), *EVIDENCE])

    def message(self) -> forms.Field:
        if self.name == "supplement":
            return text(_("What the customer says"), rows=4)
        return text(_("Message to the customer"), rows=4, help_text=_("The customer gets this text as it stands."))

    def files(self) -> forms.Field:
        return FilesField(label=_("Photos or PDFs"), help_text=_("At most 12 MB each."))

    def amount(self) -> forms.Field:
        adjustment, finding = adjusting.to_pay(self.complaint), self.complaint.billing_findings.first()
        if self.name == "adjustment_paid":
            initial = adjustment.amount if adjustment else None
        else:
            initial = (adjusting.left_to_give(self.complaint, finding) if finding else None) or None
        return forms.DecimalField(label=_("Amount"), max_digits=12, decimal_places=2, min_value=0, initial=initial)

    def way(self) -> forms.Field:
        return forms.ChoiceField(
            label=_("How is it given back?"),
            choices=GivenBack.choices,
            initial=GivenBack.CREDIT,
            widget=forms.RadioSelect,
        )

    def pay_to(self) -> forms.Field:
        return forms.CharField(label=_("Account to pay to, for a refund"), max_length=80)

    def paid_on(self) -> forms.Field:
        picker = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        return forms.DateField(label=_("Given back on"), widget=picker, initial=timezone.localdate)

    def reason(self) -> forms.Field:
        return text(pgettext_lazy("form", "Reason"), rows=2, most=1000, help_text=self._decided())

    def _decided(self) -> str:
        """What an approval or a refusal is about, beside the field where its words are written."""
        is_decision = self.name in ("approve_adjustment", "decline_adjustment")
        adjustment = adjusting.waiting(self.complaint) if is_decision else None
        return adjusting.sentence(adjustment) if adjustment else ""

    def note(self) -> forms.Field:
        if self.name == "hold":
            return text(_("What shows it?"), rows=2, help_text=_("A call, a photo, an order number: what was agreed."))
        if self.name == "strike_off":
            return text(_("What removed the cause?"), rows=2)
        if self.name == "note":
            words = _("Colleagues read this; the customer never does. Write @ and a name to tell somebody.")
            return text(_("Internal note"), rows=4, help_text=words)
        return text(_("Note"), rows=2, help_text=self._decided())


def _around(branch: Branch) -> Q:
    """Teams and people of the branch, of those above it and of those below it."""
    codes = branch.path.rstrip("/").split("/")
    above = ["/".join(codes[:depth]) + "/" for depth in range(1, len(codes))]
    return Q(branch__path__in=above) | Q(branch__path__startswith=branch.path)


class MoveForm(forms.Form):
    """What is said with one move of one complaint by one person."""

    use_required_attribute = False  # our own sentence about what is missing, not the browser's

    def __init__(
        self, data: Any = None, files: Any = None, *, name: str, complaint: Complaint, user: User, **kwargs: Any
    ) -> None:
        super().__init__(data, files, **kwargs)
        self.name, self.move, self.user = name, MOVES[name], user
        asked = Asked(name, complaint, user)
        self.complaint = complaint
        ends = {"propose", "resolve", "approve"}
        self.open_requests = list(complaint.requests.open().by_due()) if name in ends else []
        self.missing = investigation.missing(complaint) if "resolution" in self.move.needs else []
        for detail in ORDER:
            if detail in self.move.needs | self.move.takes and self._has_sense(detail):
                make: Callable[[], forms.Field] = getattr(asked, detail)
                field = make()
                field.required = detail in self.move.needs
                if not self.fields:
                    field.widget.attrs["data-focus"] = True
                if detail in HAND_OVER or (name, detail) == ("note", "note"):
                    field.widget.attrs["data-mentions"] = reverse("complaints:people", args=[complaint.reference])
                    field.widget.attrs["data-mentions-word"] = _("What fits")
                self.fields[detail] = field

    def _has_sense(self, detail: str) -> bool:
        """Whether there is anything to choose or to tick."""
        if detail == "shown":
            return self.complaint.attachments.exists()
        return detail != "not_needed" or bool(self.open_requests)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for name in MOMENTS:
            if said.get(name) is not None and said[name] > timezone.now():
                self.add_error(name, _("That is in the future."))
        if "shown" in said:
            said["shown"] = list(said["shown"])
        if "not_needed" in said:
            said["not_needed"] = said["not_needed"] or None
        if self.name == "match" and said.get("customer") is not None and said.get("account") is None:
            self._only_account(said)
        self._be_sure_of(said.get("assignee"))
        return said

    def _be_sure_of(self, person: User | None) -> None:
        """Somebody who is away is given a complaint only by who means it: the form asks once more."""
        field = self.fields.get("assignee")
        if person is not None and isinstance(field, AssigneeField) and (doubt := field.doubt(person)):
            self.fields[SURE] = field.asked_again(person)
            if not self.data.get(SURE):
                self.add_error("assignee", doubt)

    def _only_account(self, said: dict[str, Any]) -> None:
        """Who was found by an account number, or has one account only, is matched with it."""
        field = self.fields["customer"]
        assert isinstance(field, CustomerField)
        keys = {hit.account for hit in field.hits if hit.account is not None}
        if len(keys) == 1 and "account" not in self.errors:
            said["account"] = Account.objects.select_related("premise__transformer_area").get(pk=keys.pop())

    def first_fields(self) -> list[forms.BoundField]:
        """All but a hand-over note that may be left out, which the form folds away."""
        return [field for field in self if field not in self.hand_over_fields()]

    def hand_over_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in HAND_OVER if name in self.fields and self.name != "hand_over"]

    def has_hand_over(self) -> bool:
        """Whether something stands in the note, or is wrong with it."""
        return any(field.errors or field.value() for field in self.hand_over_fields())

    def details(self) -> dict[str, Any]:
        """What `workflow.perform` is told: only what was said."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}


class ServiceIssueForm(forms.ModelForm):
    class Meta:
        model = ServiceIssue
        fields = [
            "kind",
            "title",
            "branch",
            "feeder",
            "transformer_area",
            "started_at",
            "expected_at",
            "cause",
            "is_public",
        ]
        widgets = {
            name: forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
            for name in ("started_at", "expected_at")
        } | {"cause": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {
            "branch": Branch.objects.filter(_own_branches(user)),
            "feeder": Feeder.objects.filter(within_branches(user, "substation__branch")),
            "transformer_area": TransformerArea.objects.filter(within_branches(user)),
        }
        for name, rows in own.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows
            field.empty_label = CHOOSE if field.required else _("not known")
        self.fields["branch"].initial = user.branch

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") in NEVER_PUBLIC:
            cleaned["is_public"] = False
        return cleaned

    def clean_started_at(self) -> Any:
        when = self.cleaned_data["started_at"]
        if self.cleaned_data.get("kind") != IssueKind.PLANNED_OUTAGE and when > timezone.now():
            raise forms.ValidationError(_("That is in the future. Only a planned outage starts later."))
        return when


def _own_branches(user: User) -> Q:
    return Q(path__startswith=user.branch.path) if user.branch else Q(pk__in=[])
