"""The machine interface to complaints: list, retrieve, move. Registering one is in channels_intake, behind the one door."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from complaints import queues, workflow
from complaints.forms import MoveForm
from complaints.models import Channel, Clock, Complaint, Event
from complaints.models.complaint import ComplaintQuerySet
from complaints.refusals import BadInput
from complaints.states import MOVES, Outcome, Status
from customers import reading
from customers.models import Reading
from staff.actors import Actor
from staff.models import User


class ClockOut(serializers.ModelSerializer[Clock]):
    class Meta:
        model = Clock
        fields = ["kind", "tier", "round", "state", "limit", "started_at", "due_at", "stopped_at", "breached_at"]
        read_only_fields = fields


class EventOut(serializers.ModelSerializer[Event]):
    actor = serializers.CharField(read_only=True)

    class Meta:
        model = Event
        fields = ["number", "move", "from_status", "to_status", "at", "recorded_at", "role", "actor", "details"]
        read_only_fields = fields


class ComplaintOut(serializers.ModelSerializer[Complaint]):
    """A complaint as a list shows it. Codes for what is chosen from a list, ISO 8601 with offset for times."""

    category = serializers.SlugRelatedField[Any](slug_field="code", read_only=True)
    subcategory = serializers.SlugRelatedField[Any](slug_field="code", read_only=True, allow_null=True)
    branch = serializers.SlugRelatedField[Any](slug_field="code", read_only=True)
    team = serializers.SlugRelatedField[Any](slug_field="code", read_only=True, allow_null=True)
    assignee = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)
    account = serializers.SlugRelatedField[Any](slug_field="number", read_only=True, allow_null=True)
    contact_email = serializers.CharField(read_only=True, help_text=_("Empty when it is not known"))
    outcome = serializers.ChoiceField(choices=Outcome.choices, allow_blank=True, read_only=True)

    class Meta:
        model = Complaint
        fields = [
            "reference",
            "version",
            "status",
            "request_type",
            "category",
            "subcategory",
            "severity",
            "priority",
            "channel",
            "source",
            "source_reference",
            "branch",
            "team",
            "assignee",
            "account",
            "contact_name",
            "contact_phone",
            "contact_email",
            "language",
            "story",
            "place",
            "received_at",
            "entered_at",
            "next_due_at",
            "resolved_at",
            "closed_at",
            "outcome",
            "urged_count",
            "reopened_count",
        ]
        read_only_fields = fields


LISTED = (*ComplaintOut.Meta.fields, "team__code", "assignee__username", "account__number")
"""What is read for a list."""


class ComplaintWhole(ComplaintOut):
    """One complaint with its clocks, its history and the moves that the caller may make now."""

    clocks = ClockOut(many=True, read_only=True)
    events = EventOut(many=True, read_only=True)
    moves = serializers.SerializerMethodField()

    class Meta(ComplaintOut.Meta):
        fields = [*ComplaintOut.Meta.fields, "resolution", "clocks", "events", "moves"]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=sorted(MOVES))))
    def get_moves(self, complaint: Complaint) -> list[str]:
        complaint.know_clocks(complaint.clocks.all())
        return [name for name, _move in complaint.moves_for(self.context["request"].user.role)]


BY_HAND = sorted(name for name, move in MOVES.items() if move.by_hand)


class MoveIn(serializers.Serializer[Any]):
    """What is said with a move: the names that its `needs` and `takes` list, and the version that the caller last saw."""

    seen = serializers.IntegerField(required=False, help_text=_("The version you last saw; refused if it was changed."))
    details = serializers.DictField(required=False, default=dict)


class Problem(serializers.Serializer[Any]):
    """The one shape of every refusal and error."""

    code = serializers.CharField()
    message = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`fields` cannot be declared: serializers keep their own fields under that name."""
        return super().get_fields() | {"fields": serializers.DictField(required=False)}


class NewestFirst(CursorPagination):
    """Keyset pages: the thousandth page costs what the first does, and new complaints shift nothing."""

    ordering = ("-received_at", "-id")
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"


FILTERS = [
    OpenApiParameter(name, OpenApiTypes.STR, description=str(text), enum=enum, many=True, style="form", explode=False)
    for name, text, enum in [
        ("status", _("Status; several joined by commas"), Status.values),
        ("category", _("Code of the category; several joined by commas"), None),
        ("channel", _("Channel; several joined by commas"), Channel.values),
    ]
] + [
    OpenApiParameter(name, kind, description=str(text))
    for name, kind, text in [
        ("team", OpenApiTypes.STR, _("Code of the team")),
        ("branch", OpenApiTypes.STR, _("Code of the branch")),
        ("received_from", OpenApiTypes.DATE, _("Received on or after this date")),
        ("received_to", OpenApiTypes.DATE, _("Received on or before this date")),
        ("overdue", OpenApiTypes.STR, _("1: with a missed deadline")),
        ("q", OpenApiTypes.STR, _("Reference, phone, name or words of the story")),
    ]
]
PAGING = {"cursor", NewestFirst.page_size_query_param}


def signed_in(request: Request) -> User:
    """The caller; permissions have already turned everybody else away."""
    assert isinstance(request.user, User)
    return request.user


class ComplaintViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Complaint]):
    """Complaints that the caller may see; everything else does not exist for them."""

    lookup_field = "reference"
    lookup_value_regex = r"[0-9-]+"
    pagination_class = NewestFirst
    queryset = Complaint.objects.none()

    def get_queryset(self) -> ComplaintQuerySet:
        user = signed_in(self.request)
        # what few words stand for is read by itself: to join all seven tables is planned for ten times as long as it runs
        visible = (
            Complaint.objects.visible_to(user)
            .select_related("team", "assignee", "account")
            .prefetch_related("category", "subcategory", "branch")
        )
        if self.action == "list":
            return self._narrowed(visible.only(*LISTED), user)
        return visible.prefetch_related("clocks", "events")

    def _narrowed(self, rows: ComplaintQuerySet, user: User) -> ComplaintQuerySet:
        """A page leaves out a filter that means nothing and says so; a program would believe what it gets."""
        params, ignored = self.request.query_params, list[str]()
        found = queues.narrow(rows, params, user, ignored=ignored)
        wrong = {name: [str(_("This means nothing here."))] for name in ignored}
        empty = [name for name in queues.FILTERS if name in params and not params[name].strip()]
        wrong |= {name: [str(_("This is empty. Leave it out."))] for name in empty}
        unknown = params.keys() - queues.FILTERS.keys() - PAGING - {"view"}
        wrong |= {name: [str(_("There is no such filter."))] for name in sorted(unknown)}
        size = params.get(NewestFirst.page_size_query_param, "1")
        if not (size.isascii() and size.isdecimal() and 1 <= int(size[:9]) <= NewestFirst.max_page_size):
            wrong["page_size"] = [_("A number from 1 to %(most)d.") % {"most": NewestFirst.max_page_size}]
        if wrong:
            raise serializers.ValidationError(wrong)
        return found

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        return ComplaintOut if self.action == "list" else ComplaintWhole

    @extend_schema(parameters=FILTERS, responses={200: ComplaintOut(many=True)})
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        reading.note(request._request, Reading.Kind.API, subject="list", query=request.query_params.get("q", ""))
        return super().list(request, *args, **kwargs)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        found = self.get_object()
        reading.note(
            request._request, Reading.Kind.API, subject=found.reference, complaint=found.pk, customer=found.customer_id
        )
        return Response(self.get_serializer(found).data)

    @extend_schema(
        request=MoveIn,
        responses={200: ComplaintWhole, 404: Problem, 409: Problem, 422: Problem},
        parameters=[OpenApiParameter("name", str, OpenApiParameter.PATH, enum=BY_HAND)],
        examples=[
            OpenApiExample(
                "dispatch",
                value={"seen": 1, "details": {"team": "C01-outage", "note": "Two neighbours report the same"}},
                request_only=True,
            )
        ],
    )
    @action(detail=True, methods=["post"], url_path=r"moves/(?P<name>[a-z_]+)", url_name="move")
    def move(self, request: Request, reference: str, name: str) -> Response:
        """Make one move. 409 when the table or somebody else's change refuses it, 422 when something is missing."""
        complaint = self.get_object()
        if name not in BY_HAND:
            raise BadInput(_("There is no move of that name."))
        said = MoveIn(data=request.data)
        said.is_valid(raise_exception=True)
        form = MoveForm(
            said.validated_data["details"], request.FILES, name=name, complaint=complaint, user=signed_in(request)
        )
        if not form.is_valid():
            raise serializers.ValidationError(
                {name: [str(error) for error in errors] for name, errors in form.errors.items()}
            )
        workflow.perform(
            name,
            complaint,
            by=Actor.staff(signed_in(request)),
            seen=said.validated_data.get("seen"),
            **form.details(),
        )
        return Response(ComplaintWhole(self.get_queryset().get(pk=complaint.pk), context={"request": request}).data)
