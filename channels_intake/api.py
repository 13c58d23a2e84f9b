"""The machine interface's way in: POST a complaint through the same door as every form."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from channels_intake import door
from channels_intake.base import Intake
from channels_intake.channels import desk_forms
from channels_intake.forms import ENTERING
from channels_intake.questions import LONGEST_ANSWER, questions_of
from channels_intake.regulator_batch import contents, differences, first_of, known_as
from channels_intake.validators import believable
from complaints.api import ComplaintViewSet as Reading
from complaints.api import ComplaintWhole, Problem, signed_in
from complaints.models import Category, Channel, Complaint, RequestType, Source, Subcategory
from complaints.refusals import BadInput, Refusal
from customers.models.people import ContactMethod
from staff.actors import Actor
from staff.models import User

KEY = "Idempotency-Key"


class IntakeIn(serializers.Serializer[Any]):
    """A complaint as a program hands it in. Times are ISO 8601 with an offset; codes are those of the profile."""

    channel = serializers.ChoiceField(choices=Channel.choices, default=Channel.WEB)
    source = serializers.ChoiceField(choices=Source.choices, default=Source.API)  # type: ignore[assignment]
    request_type = serializers.ChoiceField(choices=RequestType.choices, default=RequestType.COMPLAINT)
    category = serializers.SlugRelatedField(slug_field="code", queryset=Category.objects.filter(is_active=True))
    subcategory = serializers.SlugRelatedField(
        slug_field="code", queryset=Subcategory.objects.filter(is_active=True), required=False, allow_null=True
    )
    story = serializers.CharField(max_length=8000)
    remedy_sought = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    place = serializers.CharField(max_length=240, required=False, allow_blank=True)
    received_at = serializers.DateTimeField(
        required=False, validators=[believable], help_text=str(_("When it reached you; clocks run from here."))
    )
    occurred_at = serializers.DateTimeField(required=False, allow_null=True, validators=[believable])
    answers = serializers.DictField(child=serializers.CharField(max_length=LONGEST_ANSWER), required=False)
    account_number = serializers.CharField(max_length=20, required=False, allow_blank=True)
    contact_name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    contact_phone = serializers.CharField(max_length=30, required=False, allow_blank=True)
    contact_email = serializers.EmailField(required=False, allow_blank=True)
    contact_address = serializers.CharField(max_length=240, required=False, allow_blank=True)
    contact_method = serializers.ChoiceField(choices=ContactMethod.choices, default=ContactMethod.PHONE)
    language = serializers.ChoiceField(choices=["zh-hans", "en"], default="zh-hans")
    is_anonymous = serializers.BooleanField(default=False)
    is_confidential = serializers.BooleanField(default=False)
    source_reference = serializers.CharField(max_length=60, required=False, allow_blank=True)
    external_due_at = serializers.DateTimeField(required=False, allow_null=True, validators=[believable])

    def validate_received_at(self, value: Any) -> Any:
        if value > timezone.now():
            raise serializers.ValidationError(_("That is in the future."))
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        subcategory = attrs.get("subcategory")
        if subcategory is not None and subcategory.category_id != attrs["category"].pk:
            raise serializers.ValidationError({"subcategory": _("That subcategory belongs to another category.")})
        unknown = attrs.get("answers", {}).keys() - {question.key for question in questions_of(attrs["category"])}
        if unknown:
            names = ", ".join(sorted(name[:60] for name in unknown)[:10])
            raise serializers.ValidationError(
                {"answers": _("There are no such questions: %(names)s.") % {"names": names}}
            )
        return attrs


def _named(given: dict[str, Any]) -> dict[str, Any]:
    """What a regulator hands over is known by its own reference too, whichever way it comes."""
    if given["channel"] != Channel.REGULATOR or not given.get("source_reference"):
        return {}
    return {
        "same_as": known_as(given["source"], given["source_reference"]),
        "given": contents({**given, "due_on": _last_day(given)}),
    }


def _last_day(given: dict[str, Any]) -> Any:
    due_at = given.get("external_due_at")
    return timezone.localdate(due_at - timedelta(seconds=1)) if due_at else ""


def _handed_over_before(given: dict[str, Any]) -> Complaint | None:
    """The complaint with the regulator's reference; raises AlreadyThere when it says something else now."""
    named = _named(given)
    first = first_of(given["source"], given["source_reference"]) if named else None
    if first is None:
        return None
    changed = differences(first, named["given"])
    if changed:
        raise AlreadyThere(
            _("Already there as %(reference)s, with other content: %(names)s. Nothing was overwritten.")
            % {"reference": first.complaint.reference, "names": ", ".join(changed)},
            fields=["source_reference"],
        )
    return first.complaint


def _seen_by(user: User, complaint: Complaint) -> Complaint | None:
    """What was registered just now, with what an answer tells of it, if this person may see it."""
    if not Complaint.objects.visible_to(user).filter(pk=complaint.pk).exists():
        return None
    prefetch_related_objects([complaint], "clocks", "events")
    return complaint


class AlreadyThere(Refusal):
    """The regulator handed this reference over before, and it said something else."""

    code = "already_there"


class ComplaintViewSet(Reading):
    """Complaints that the caller may see; everything else does not exist for them."""

    @extend_schema(
        request=IntakeIn,
        responses={201: ComplaintWhole, 200: ComplaintWhole, 403: Problem, 422: Problem},
        parameters=[
            OpenApiParameter(
                KEY,
                str,
                OpenApiParameter.HEADER,
                required=True,
                description=str(_("Your own number for this complaint. Sent again, it gives the same complaint.")),
            )
        ],
        examples=[
            OpenApiExample(
                "outage",
                value={
                    "category": "OUT",
                    "subcategory": "OUT-03",
                    "story": "计划停电没有收到通知。",
                    "contact_name": "李四",
                    "contact_phone": "13800001234",
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        """Register one. 201 with the new complaint; 200 with the first one when the same key came before."""
        user = signed_in(request)
        key = request.headers.get(KEY, "").strip()
        if not key or len(key) > 100 or min(key) < " ":
            raise BadInput(_("Send the header %(name)s, at most 100 characters.") % {"name": KEY})
        said = IntakeIn(data=request.data)
        said.is_valid(raise_exception=True)
        channel = said.validated_data["channel"]
        form = desk_forms().get(channel)
        if user.role not in (form.allowed if form else ENTERING):
            raise PermissionDenied(_("Your role does not register complaints of this channel."))
        external_id = f"api:{user.pk}:{key}"
        given = said.validated_data
        first = door.first_received(channel, external_id) or _handed_over_before(given)
        complaint = first or door.receive(
            Intake(external_id=external_id, **given, **_named(given)), by=Actor.staff(user)
        )
        self.action = "retrieve"
        whole = self.get_queryset().filter(pk=complaint.pk).first() if first else _seen_by(user, complaint)
        if whole is None:
            return Response({"reference": complaint.reference}, status=status.HTTP_201_CREATED)
        data = ComplaintWhole(whole, context=self.get_serializer_context()).data
        return Response(data, status=status.HTTP_200_OK if first else status.HTTP_201_CREATED)
