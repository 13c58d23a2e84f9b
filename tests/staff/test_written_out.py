"""What is kept written out asks the same as what is written out anew, for whatever values, and for nobody else's."""

from datetime import timedelta

import pytest
from django.utils import timezone

from complaints.models import SavedView
from staff.actors import Role
from staff.models import Branch, User
from staff.scope import all_of, within_branches
from staff.written_out import NotWritten, Statement
from tests.factories import a_branch, a_user

pytestmark = pytest.mark.django_db


def test_the_values_are_put_in_anew():
    named = Statement(lambda role, since: User.objects.filter(role=role, date_joined__gt=since).order_by("pk"))
    agent, analyst = a_user(Role.AGENT), a_user(Role.ANALYST)
    before, after = timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=1)
    assert list(named("agent", before)) == [agent]
    assert list(named("analyst", before)) == [analyst]
    assert list(named("analyst", after)) == []


def test_rows_come_with_what_is_joined_and_prefetched(django_assert_num_queries):
    of = Statement(lambda key: User.objects.filter(pk=key).select_related("branch").prefetch_related("events"))
    user = a_user(Role.AGENT, branch=a_branch("county-a"))
    for _again in range(2):
        with django_assert_num_queries(2):
            (found,) = of(user.pk)
            assert (found.branch.code, list(found.events.all())) == ("county-a", [])


def test_nothing_of_an_answer_is_kept():
    everybody = Statement(lambda: Branch.objects.order_by("pk"))
    for code in ("county-a", "county-b"):
        a_branch(code)
        assert list(everybody()) == list(Branch.objects.order_by("pk"))


def test_a_moment_may_be_moved_and_rows_may_be_values():
    joined = Statement(
        lambda at, role: User.objects.filter(date_joined__gt=at - timedelta(hours=2), role=role).values_list(
            "username", "pk"
        )
    )
    agent = a_user(Role.AGENT)
    assert list(joined(timezone.now() + timedelta(hours=1), "agent")) == [(agent.username, agent.pk)]
    assert list(joined(timezone.now() + timedelta(hours=3), "agent")) == []
    assert list(joined(timezone.now(), "analyst")) == []


def test_what_is_made_of_it_is_written_out_after_all():
    since = Statement(lambda key: User.objects.filter(pk__gte=key).order_by("pk"))
    first, second = a_user(Role.AGENT), a_user(Role.ANALYST)
    for _again in range(2):
        rows = since(first.pk)
        assert rows.count() == 2
        assert rows.exists()
        assert rows.first() == first
        assert list(rows.filter(role="analyst")) == [second]
        assert list(User.objects.filter(pk__in=since(second.pk))) == [second]
        assert list(since(first.pk)) == [first, second]


def test_a_shape_is_a_statement_of_its_own():
    seen = Statement(lambda *, user: User.objects.filter(within_branches(user)))
    root = a_branch()
    here, there = a_branch("county-a", parent=root), a_branch("county-b", parent=root)
    mine, theirs = a_user(Role.AGENT, branch=here), a_user(Role.AGENT, branch=there)
    assert list(seen(shape=all_of(mine), user=mine)) == [mine]
    assert list(seen(shape=all_of(theirs), user=theirs)) == [theirs]
    mine.branch = there
    assert set(seen(shape=all_of(mine), user=mine)) == {theirs}
    mine.branch = None
    assert list(seen(shape=all_of(mine), user=mine)) == []


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        (Statement(lambda text: User.objects.filter(username__startswith=text)), "a"),
        (Statement(lambda key: User.objects.filter(pk__gt=key + 1)), 5),
        (Statement(lambda key: User.objects.filter(role=Role.AGENT) if key % 2 else User.objects.filter(pk=key)), 5),
        (Statement(lambda at: User.objects.filter(date_joined__gt=at.replace(hour=0))), timezone.now()),
        (Statement(lambda number: SavedView.objects.filter(position=number)), 5),
        (Statement(lambda yes: User.objects.filter(is_active=yes)), True),
        (Statement(lambda nothing: User.objects.filter(branch=nothing)), None),
    ],
)
def test_what_would_be_kept_wrongly_is_refused(statement, value):
    with pytest.raises(NotWritten):
        statement(value)
