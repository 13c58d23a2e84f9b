"""Saved views and columns: make, rename, share, order, put away, and be told when a view fills up."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from complaints import columns, filter_forms, queues, saved_views, sorting, watching
from complaints.models import DeskHabit, SavedView, Sharing, ViewWatch
from staff.http import StaffRequest
from staff.models import User

HOURS = [(hour, f"{hour:02d}:00") for hour in range(24)]
WEEKDAYS = [
    (1, gettext_lazy("Monday")),
    (2, gettext_lazy("Tuesday")),
    (3, gettext_lazy("Wednesday")),
    (4, gettext_lazy("Thursday")),
    (5, gettext_lazy("Friday")),
    (6, gettext_lazy("Saturday")),
    (7, gettext_lazy("Sunday")),
]


class SavedViewForm(forms.ModelForm):
    use_required_attribute = False

    class Meta:
        model = SavedView
        fields = ["name", "shared", "is_pinned"]

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.owner = owner
        self.fields["name"].error_messages["required"] = _("Give the view a name.")
        if owner.team_id is None or owner.branch_id is None:
            lacking = {Sharing.TEAM} if owner.team_id is None else set()
            lacking |= {Sharing.BRANCH} if owner.branch_id is None else set()
            shared = self.fields["shared"]
            assert isinstance(shared, forms.ChoiceField)
            shared.choices = [(value, label) for value, label in Sharing.choices if value not in lacking]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        same = SavedView.objects.kept().filter(owner=self.instance.owner, name=name).exclude(pk=self.instance.pk)
        if same.exists():
            raise forms.ValidationError(_("You have a view of this name already."))
        return name


class NewViewForm(SavedViewForm):
    """A new view, or these filters put in the place of those of an old one, which keeps its name and who uses it."""

    replace = forms.ModelChoiceField(
        label=gettext_lazy("Replace"),
        queryset=SavedView.objects.none(),
        required=False,
        empty_label=gettext_lazy("no, save a new one"),
    )

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, owner=owner, **kwargs)
        replace, mine = self.fields["replace"], SavedView.objects.kept().filter(owner=owner)
        assert isinstance(replace, forms.ModelChoiceField)
        replace.queryset = mine
        if self.data.get("replace"):
            self.fields["name"].required = False

    def save(self, commit: bool = True) -> Any:
        old: SavedView | None = self.cleaned_data["replace"]
        if old is None:
            self.instance.position = saved_views.next_position(self.instance.owner)
            return super().save(commit)
        old.query, old.sort = self.instance.query, self.instance.sort
        old.save(update_fields=["query", "sort"])
        return old


class WatchForm(forms.ModelForm):
    use_required_attribute = False
    hour = forms.TypedChoiceField(label=gettext_lazy("at"), choices=HOURS, coerce=int)
    weekday = forms.TypedChoiceField(label=gettext_lazy("on (weekly)"), choices=WEEKDAYS, coerce=int)

    class Meta:
        model = ViewWatch
        fields = ["at_least", "older_than_hours", "digest", "hour", "weekday", "skips_empty"]
        help_texts = {
            "at_least": gettext_lazy("Number of complaints. Empty: do not tell me."),
            "older_than_hours": gettext_lazy("Hours since it was received. Empty: do not tell me."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, most in (("at_least", 500), ("older_than_hours", 8760)):
            self.fields[name] = forms.IntegerField(
                label=self.fields[name].label,
                help_text=self.fields[name].help_text,
                required=False,
                min_value=1,
                max_value=most,
            )

    def save(self, commit: bool = True) -> Any:
        """A threshold that is set anew is told anew; the next digest is the next one at the new hour."""
        watch = self.instance
        if "at_least" in self.changed_data:
            watch.count_raised_at = None
        if "older_than_hours" in self.changed_data:
            watch.age_raised_at = None
        watch.next_at = watching.next_moment(watch, after=timezone.now())
        return super().save(commit)


@login_required
@require_safe
def views(request: StaffRequest) -> HttpResponse:
    """All that this person has at hand, with how much each holds for them."""
    at_hand = saved_views.at_hand(request.user)
    counted = saved_views.counted(at_hand, request.user)
    watched = set(request.user.view_watches.values_list("view", flat=True))
    deleted = request.GET.get("deleted", "")
    mine = SavedView.objects.filter(owner=request.user, deleted_at__isnull=False)
    context = {
        "mine": [(view, counted[view.pk]) for view in at_hand if view.owner_id == request.user.pk],
        "shared": [(view, counted[view.pk]) for view in at_hand if view.owner_id != request.user.pk],
        "watched": watched,
        "first": saved_views.habit_of(request.user).first_view_id,
        "deleted": mine.filter(pk=deleted).first() if deleted.isdecimal() and len(deleted) < 10 else None,
    }
    return render(request, "desk/saved_views.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """Give the filters of this address a name."""
    query = saved_views.known(filter_forms.joined(request.GET), request.user)
    if not query:
        return redirect("complaints:saved-views")
    sort = request.GET.get("sort", "")
    view = SavedView(owner=request.user, query=query, sort=sort if sort in sorting.SORTS else "")
    form = NewViewForm(request.POST or None, instance=view, owner=request.user)
    if request.method == "POST" and form.is_valid():
        return redirect(f"{reverse('complaints:queue')}?saved={form.save().pk}")
    context = {"form": form, "view": view, "said": said(view)}
    return render(request, "desk/saved_view_new.html", context, status=422 if request.method == "POST" else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def view(request: StaffRequest, pk: int) -> HttpResponse:
    """One view: its owner names and shares it; everybody who may use it says what they want to hear of it."""
    found = _usable(request, pk)
    is_mine = found.owner_id == request.user.pk
    watch = ViewWatch.objects.filter(user=request.user, view=found).first() or ViewWatch(user=request.user, view=found)
    part = request.POST.get("part", "")
    form = SavedViewForm(request.POST if part == "view" else None, instance=found, owner=found.owner)
    watch_form = WatchForm(request.POST if part == "watch" else None, instance=watch, prefix="watch")
    sent = watch_form if part == "watch" else form
    if request.method == "POST" and (part == "watch" or is_mine) and sent.is_valid():
        sent.save()
        messages.success(request, _("Saved."))
        return redirect("complaints:saved-views")
    fresh = SavedView.objects.select_related("owner").get(pk=pk)
    context = {"view": fresh, "said": said(fresh), "is_mine": is_mine, "form": form, "watch_form": watch_form}
    return render(request, "desk/saved_view.html", context, status=422 if request.method == "POST" else 200)


def said(view: SavedView) -> list[tuple[str, str]]:
    """What a view shows, in words."""
    queue = queues.BY_NAME.get(view.query.get("view", ""))
    first = [(_("Queue"), str(queue.label))] if queue else []
    return first + [(chip.label, chip.value) for chip in filter_forms.chips(view.query)]


@login_required
@require_POST
def change(request: StaffRequest, pk: int, what: str) -> HttpResponse:
    """The small things: up, down, away and back again, and with which view the queue opens."""
    if what in ("first", "usual"):
        found = _usable(request, pk)
        first = found if what == "first" else None
        DeskHabit.objects.update_or_create(user=request.user, defaults={"first_view": first})
        return redirect("complaints:saved-views")
    mine = get_object_or_404(SavedView, pk=pk, owner=request.user)
    if what == "up":
        saved_views.shift(mine, -1)
    elif what == "down":
        saved_views.shift(mine, 1)
    elif what == "delete":
        saved_views.delete(mine)
        return redirect(f"{reverse('complaints:saved-views')}?deleted={mine.pk}")
    elif what == "restore":
        saved_views.bring_back(mine)
    else:
        raise Http404
    return redirect("complaints:saved-views")


def _usable(request: StaffRequest, pk: int) -> SavedView:
    return get_object_or_404(SavedView.objects.usable_by(request.user).select_related("owner"), pk=pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choose_columns(request: StaffRequest) -> HttpResponse:
    """Which columns in which order, for this person's queues or for one of their saved views; works without scripts."""
    sent = request.POST if request.method == "POST" else request.GET
    saved = sent.get("saved", "")
    view = None
    if saved:
        mine = SavedView.objects.kept().filter(owner=request.user)
        view = get_object_or_404(mine, pk=saved if saved.isdecimal() and len(saved) < 10 else 0)
    habit = saved_views.habit_of(request.user)
    chosen = columns.sound((view.columns if view else []) or habit.columns)
    if request.method == "POST":
        chosen = _arranged(request)
        if request.POST.get("what", "save") == "save":
            return _keep(request, chosen, view, habit)
    rest = [name for name in columns.COLUMNS if name not in chosen]
    context = {
        "chosen": [(name, columns.COLUMNS[name], name == columns.ALWAYS) for name in chosen],
        "rest": [(name, columns.COLUMNS[name]) for name in rest],
        "view": view,
        "back": _back(sent.get("back", "")),
    }
    return render(request, "desk/columns.html", context)


def _arranged(request: StaffRequest) -> list[str]:
    """What the form holds after the button that was pressed: add:age, drop:age, up:age, down:age, usual or save."""
    chosen = columns.sound(request.POST.getlist("column"))
    what, _colon, name = request.POST.get("what", "save").partition(":")
    if what == "usual":
        return list(columns.USUAL)
    if what == "add":
        return columns.sound([*chosen, name])
    if name in chosen:
        place = chosen.index(name)
        if what == "drop" and name != columns.ALWAYS:
            chosen.pop(place)
        elif what in ("up", "down"):
            chosen.insert(max(0, place + (1 if what == "down" else -1)), chosen.pop(place))
    return chosen


def _keep(request: StaffRequest, chosen: list[str], view: SavedView | None, habit: DeskHabit) -> HttpResponse:
    if view is not None:
        view.columns = chosen
        view.save(update_fields=["columns"])
    else:
        DeskHabit.objects.update_or_create(user=request.user, defaults={"columns": chosen})
    return redirect(_back(request.POST.get("back", "")))


def _back(address: str) -> str:
    is_ours = url_has_allowed_host_and_scheme(address, allowed_hosts=None) and address.startswith("/desk/")
    return address[:2000] if is_ours else reverse("complaints:queue")
