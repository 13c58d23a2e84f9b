"""What a person does with what concerns them: follow, read, and be told once a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format

from complaints import outbox, queues
from complaints.models import (
    Concern,
    DeskSettings,
    Follow,
    Medium,
    MessageTemplate,
    Notice,
    Telling,
    TellingHabit,
    Why,
)
from complaints.models.complaint import ComplaintQuerySet
from complaints.models.together import ConcernQuerySet
from staff.models import User

DIGEST = "follow_digest"
MOST_TOLD = 99
"""A digest counts no further: beyond it the number says nothing more."""
MOST_FOLLOWED_AT_ONCE = 1_000
TOP = 30


def follow(rows: ComplaintQuerySet, user: User, *, at: datetime) -> int:
    """From now on this person is told of these; answers how many they are. To follow twice is to follow."""
    keys = list(rows.values_list("pk", flat=True)[:MOST_FOLLOWED_AT_ONCE])
    Follow.objects.bulk_create(
        [Follow(user=user, complaint_id=key, since=at) for key in keys], ignore_conflicts=True, batch_size=500
    )
    return len(keys)


def unfollow(rows: ComplaintQuerySet, user: User) -> int:
    """No longer; answers how many they followed."""
    count, _each = Follow.objects.filter(user=user, complaint__in=rows).delete()
    return count


def unread_of(user: User) -> int:
    """How much there is that this person has not read, as far as anybody counts."""
    return queues.counted({"for me": unread_rows(user)})["for me"]


def unread_rows(user: User) -> ConcernQuerySet:
    return Concern.objects.visible_to(user).unread().order_by()


def read_on_page(user: User, complaint: int, *, until: int, at: datetime) -> None:
    """What concerns them of a complaint whose page they have open is read, as far as that page shows it."""
    shown = Concern.objects.unread().filter(user=user, complaint=complaint, event__number__lte=until)
    shown.update(read_at=at)


# the digest


def habit_of(user: User) -> TellingHabit:
    return TellingHabit.objects.filter(pk=user.pk).first() or TellingHabit(user=user)


def choose(user: User, *, how: str, hour: int, at: datetime, of_signals: bool = True) -> None:
    """Be told like this from now on; the first digest tells of what comes from now on."""
    habit = habit_of(user)
    was_daily = habit.how == Telling.DAILY
    habit.how, habit.hour, habit.of_signals = how, hour, of_signals
    habit.next_at = next_moment(hour, after=at) if how == Telling.DAILY else None
    if not was_daily:
        habit.told_until = at
    habit.save()


def next_moment(hour: int, *, after: datetime) -> datetime:
    """The first moment after this one at that hour, in the utility's time zone."""
    zone = timezone.get_default_timezone()
    day = after.astimezone(zone).date()
    moment = datetime.combine(day, time(hour), tzinfo=zone)
    return moment if moment > after else datetime.combine(day + timedelta(days=1), time(hour), tzinfo=zone)


def due(at: datetime) -> Any:
    """Those whose next digest has come."""
    return TellingHabit.objects.filter(next_at__lte=at).order_by("next_at", "pk")


def send_digest(habit: TellingHabit, *, at: datetime) -> bool:
    """Write the digest that is due, and when the next one is; of several that were slept through one. True when it is sent.

    The row is locked while it is looked at, so two workers write one digest, and what is told was not told before.
    """
    with transaction.atomic():
        rows = due(at).select_for_update(of=("self",), skip_locked=True).select_related("user__branch")
        locked = rows.filter(pk=habit.pk).first()
        if locked is None:
            return False
        since = locked.told_until or at - timedelta(days=1)
        locked.next_at, locked.told_until = next_moment(locked.hour, after=at), at
        locked.save(update_fields=["next_at", "told_until"])
        mine = Concern.objects.visible_to(locked.user).filter(why=Why.FOLLOWED, at__gt=since, at__lte=at)
        count = mine.order_by()[: MOST_TOLD + 1].count()
        return bool(count) and locked.user.is_active and _tell(locked, list(mine[:TOP]), count, at)


def _tell(habit: TellingHabit, concerns: list[Concern], count: int, at: datetime) -> bool:
    user = habit.user
    texts = {text.language: text for text in MessageTemplate.objects.filter(code=DIGEST, medium=Medium.EMAIL)}
    text = texts.get(user.language) or texts.get(settings.LANGUAGE_CODE)
    if text is None or not user.email:
        return False
    with translation.override(text.language):
        said = words_for(concerns, count) | {"name": user.display_name}
    notice = Notice(
        telling=habit,
        code=DIGEST,
        medium=Medium.EMAIL,
        address=user.email,
        is_to_customer=False,
        language=text.language,
        subject=text.subject.format(**said)[:200],
        body=text.body.format(**said),
    )
    outbox.try_at(at, [notice], DeskSettings.current())
    notice.save()
    return True


def words_for(concerns: list[Concern], count: int) -> dict[str, Any]:
    """What the {placeholders} of the digest stand for, in the language in force. No word about a customer is among them."""
    desk = DeskSettings.current()
    is_chinese = (translation.get_language() or "").startswith("zh")
    return {
        "desk_url": settings.BASE_URL + reverse("complaints:for-me"),
        "utility": desk.utility_zh if is_chinese else desk.utility_en,
        "count": count if count <= MOST_TOLD else f"{MOST_TOLD}+",
        "rows": "\n".join(_listed(concerns)),
    }


def _listed(concerns: list[Concern]) -> Iterator[str]:
    keys = [one.pk for one in concerns]
    for one in Concern.objects.filter(pk__in=keys).select_related("complaint__category", "event"):
        when = date_format(timezone.localtime(one.at), "SHORT_DATETIME_FORMAT")
        yield " · ".join([one.complaint.reference, one.event.label, one.event.actor, when])


def sample(by: User) -> tuple[str, dict[str, Any]]:
    """What a digest could say, made up of what concerns this person."""
    concerns = list(Concern.objects.visible_to(by)[:TOP])
    return by.display_name, words_for(concerns, len(concerns))
