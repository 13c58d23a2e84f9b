"""The public form's answers as rows to be checked before they are sent."""

from __future__ import annotations

from typing import Any

from django.forms import BoundField
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from channels_intake.questions import public_name
from channels_intake.steps import LABELS, Answers


def summary(answers: Answers) -> list[dict[str, Any]]:
    """Label, value and the step that changes it, for everything that will be sent."""
    rows = [("category", LABELS["category"], public_name(answers.category) if answers.category else "")]
    rows.append(("kind", LABELS["kind"], public_name(answers.kind) if answers.kind else _("I am not sure")))
    for step in ("story", "who"):
        form = answers.filled(step)
        form.full_clean()
        rows += [(step, field.label, shown(field, form.cleaned_data.get(field.name))) for field in form]
    rows.append(("photos", LABELS["photos"], "\n".join(row["name"] for row in answers.draft.files)))
    return [
        {
            "label": label,
            "value": value or _("Nothing written"),
            "change_url": reverse("channels_intake:step", args=[answers.draft.form_id, step]),
        }
        for step, label, value in rows
    ]


def shown(field: BoundField, value: Any) -> str:
    """A value as people read it: the words of a choice, a moment in the utility's time."""
    choices = dict(getattr(field.field, "choices", []))
    if value in choices:
        return str(choices[value])
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if hasattr(value, "tzinfo"):
        return date_format(timezone.localtime(value), "DATETIME_FORMAT")
    return str(value or "")
