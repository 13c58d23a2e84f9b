"""The routing page: the rules in words, changing them, what a change would do, and the what-if."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from complaints import route_editing
from complaints.models import Complaint, RoutingChange, RoutingRule
from staff.actors import Role
from staff.models import Team, TeamKind
from tests.at_once import at_once
from tests.complaints.views.pages import text_of
from tests.factories import a_branch, a_complaint, a_team, a_user, an_account

ROUTES = "/desk/routes/"
NEW = "/desk/routes/new/"
OTHERS = sorted(set(Role.values) - {Role.SUPERVISOR, Role.ADMINISTRATOR})


def a_typed_rule(**more):
    return {"category": "OUT", "team_kind": "service", "rank": "30", "seen": "0", "save": "1", **more}


def order():
    return list(RoutingRule.objects.in_use().values_list("code", flat=True))


def act(reader, code, name):
    return reader.post(reverse(f"complaints:route-{name}", args=[code]))


def test_a_visitor_is_sent_to_the_sign_in(reader):
    assert reader.get(ROUTES).status_code == 302


def test_the_rules_of_the_profile_stand_there_as_sentences(reader, sign_in):
    sign_in()
    page = text_of(reader.get(ROUTES))
    assert "Everything as report of wrongdoing goes to the branch's team “Regulator liaison”." in page
    assert "Billing" in page
    assert "from key customers goes to the branch's team “Key accounts”." in page
    assert page.index("as report of wrongdoing goes") < page.index(
        "Everything goes to the branch's team “Dispatch desk”"
    )


def test_in_chinese_too(reader, sign_in):
    sign_in()
    reader.cookies["language"] = "zh-hans"
    assert reader.get(ROUTES).status_code == 200


@pytest.mark.parametrize("role", OTHERS)
def test_others_read_and_change_nothing(reader, sign_in, role):
    sign_in(role)
    page = text_of(reader.get(ROUTES))
    assert "goes to the branch's team “Dispatch desk”" in page
    assert "New rule" not in page
    before = list(RoutingRule.objects.values())
    assert reader.get(NEW).status_code == 403
    assert reader.post(NEW, a_typed_rule()).status_code == 403
    assert reader.post(reverse("complaints:route", args=["outage"]), a_typed_rule()).status_code == 403
    assert {act(reader, "outage", one).status_code for one in ("up", "down", "retire", "restore")} == {403}
    assert list(RoutingRule.objects.values()) == before


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_a_rule_is_added_holds_at_once_and_is_written_down(reader, sign_in, role):
    user = sign_in(role)
    team = a_team(TeamKind.SERVICE)
    a_team(TeamKind.OUTAGE)
    assert a_complaint("OUT-03").team.kind == TeamKind.OUTAGE
    typed = a_typed_rule(channel="phone", area_class="rural", team_kind="", team=team.code)
    first = {name: value for name, value in typed.items() if name != "save"}
    shown = reader.post(NEW, first)
    assert "of the" in text_of(shown)
    assert not RoutingChange.objects.exists()
    assert reader.post(NEW, typed).status_code == 302
    assert a_complaint("OUT-03", area_class="rural").team == team
    assert a_complaint("OUT-03", area_class="urban").team.kind == TeamKind.OUTAGE
    change = RoutingChange.objects.get()
    assert (change.kind, change.by, change.after["team"]) == ("added", user, team.code)
    page = text_of(reader.get(ROUTES))
    assert f"by phone in rural areas goes to the team “{team.name}”." in page
    assert user.display_name in page


def test_a_rule_is_changed_and_both_sentences_stay_readable(reader, sign_in):
    sign_in()
    address = reverse("complaints:route", args=["wire-down"])
    assert reader.get(address).status_code == 200
    typed = {"subcategory": "SAF-01", "team_kind": "safety", "rank": "20", "seen": "0", "save": "1"}
    assert reader.post(address, typed).status_code == 302
    page = text_of(reader.get(address))
    assert "goes to the branch's team “Safety”" in page
    assert "Before:" in page
    assert "goes to the branch's team “Outage crew”" in page


def test_what_somebody_else_changed_meanwhile_is_not_lost(reader, sign_in):
    sign_in()
    address = reverse("complaints:route", args=["outage"])
    assert reader.post(address, a_typed_rule(rank="11")).status_code == 302
    answer = reader.post(address, a_typed_rule(rank="12", team_kind="safety"))
    assert answer.status_code == 409
    assert "Somebody else changed this rule" in text_of(answer)
    rule = RoutingRule.objects.get(code="outage")
    assert (rule.rank, rule.team_kind) == (11, "service")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"team_kind": ""}, "Say where it goes"),
        ({"team": "company-service"}, "not both"),
        ({"subcategory": "BIL-01"}, "another category"),
        ({"rank": "-1"}, "greater than or equal to 0"),
        ({"rank": "99999"}, "less than or equal to 32000"),
        ({"feeder": "nowhere"}, "no feeder with this code"),
        ({"channel": "pigeon"}, "Select a valid choice"),
        ({"rank": "x"}, "Enter a whole number"),
    ],
)
def test_what_cannot_be_is_said_beside_what_was_typed(reader, sign_in, wrong, words):
    sign_in()
    a_team(TeamKind.SERVICE)
    answer = reader.post(NEW, a_typed_rule() | wrong)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not RoutingChange.objects.exists()


def test_the_order_is_changed_one_place_at_a_time(reader, sign_in):
    sign_in()
    before = order()
    code = before[4]
    assert act(reader, code, "up").status_code == 302
    assert order() == [*before[:3], code, before[3], *before[5:]]
    assert act(reader, code, "down").status_code == 302
    assert order() == before
    assert act(reader, before[0], "up").status_code == 302
    assert order() == before
    assert RoutingChange.objects.filter(kind="moved").count() == 2


def test_a_rule_is_taken_out_of_use_and_used_again(reader, sign_in):
    sign_in()
    a_team(TeamKind.OUTAGE)
    act(reader, "outage", "retire")
    assert a_complaint("OUT-03").team.kind == TeamKind.DISPATCH
    assert "Use again" in text_of(reader.get(ROUTES))
    act(reader, "outage", "retire")
    act(reader, "outage", "restore")
    assert a_complaint("OUT-03").team.kind == TeamKind.OUTAGE
    assert sorted(RoutingChange.objects.values_list("kind", flat=True)) == ["restored", "retired"]


def test_branch_and_feeder_narrow_a_rule(reader, sign_in):
    sign_in()
    west = a_branch("west", parent=a_branch())
    own, home = a_team(TeamKind.SERVICE), a_team(TeamKind.OUTAGE)
    account = an_account()
    area = account.premise.transformer_area
    assert reader.post(NEW, a_typed_rule(branch="west", team_kind="", team=own.code)).status_code == 302
    assert reader.post(NEW, a_typed_rule(feeder=area.feeder.code, rank="40")).status_code == 302
    assert a_complaint("OUT-03", branch=west).team == own
    assert a_complaint("OUT-03").team == home
    assert a_complaint("OUT-03", transformer_area=area).team == own


def test_a_closed_team_passes_on_to_the_next_rule(reader, sign_in):
    sign_in()
    own, home = a_team(TeamKind.SERVICE), a_team(TeamKind.OUTAGE)
    reader.post(NEW, a_typed_rule(team_kind="", team=own.code))
    Team.objects.filter(pk=own.pk).update(is_active=False)
    assert a_complaint("OUT-03").team == home


def test_the_what_if_says_which_rule_answers_and_why_not_the_others_and_writes_nothing(reader, sign_in):
    sign_in()
    a_team(TeamKind.OUTAGE), a_team(TeamKind.DISPATCH)
    before = (Complaint.objects.count(), RoutingChange.objects.count())
    page = text_of(reader.get(ROUTES, {"branch": "company", "subcategory": "SAF-01", "channel": "phone"}))
    team = Team.objects.get(code="company-outage")
    assert f'<h2 id="answer-head">{team.name}</h2>' in page
    assert "This rule answers:" in page
    assert "It is only for: report of wrongdoing" in page
    assert "It fits too, but an earlier rule answers." in page
    assert (Complaint.objects.count(), RoutingChange.objects.count()) == before


def test_the_what_if_says_what_was_typed_wrong(reader, sign_in):
    sign_in()
    answer = reader.get(ROUTES, {"branch": "company", "category": "OUT", "subcategory": "BIL-01"})
    assert answer.status_code == 422
    assert "another category" in text_of(answer)
    assert reader.get(ROUTES, {"branch": "nowhere"}).status_code == 422


def test_the_page_counts_what_each_rule_answers(reader, sign_in):
    sign_in()
    a_team(TeamKind.OUTAGE)
    now = timezone.now()
    for days in (1, 2, 40):
        a_complaint("OUT-03", at=now - timedelta(days=days))
    hits = {line["rule"].code: line["hits"] for line in reader.get(ROUTES).context["lines"]}
    assert hits["outage"] == 2
    assert sum(hits.values()) == 2


def test_before_saving_one_sees_how_many_would_have_gone_elsewhere(reader, sign_in):
    sign_in()
    a_team(TeamKind.OUTAGE), a_team(TeamKind.SERVICE)
    now = timezone.now()
    for days, area in ((1, "rural"), (2, "urban"), (9, "rural")):
        a_complaint("OUT-03", at=now - timedelta(days=days), area_class=area)
    typed = {name: value for name, value in a_typed_rule(area_class="rural").items() if name != "save"}
    answer = reader.post(NEW, typed)
    effect = answer.context["effect"]
    assert (effect.total, effect.elsewhere) == (2, 1)
    assert "1 of the 2 complaints" in text_of(answer)
    assert not RoutingChange.objects.exists()


def test_the_history_cannot_be_rewritten(reader, sign_in):
    sign_in()
    act(reader, "outage", "retire")
    with pytest.raises(DatabaseError), transaction.atomic():
        RoutingChange.objects.update(kind="added")
    assert RoutingChange.objects.get().kind == "retired"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("profile")
def test_many_move_rules_at_once_and_each_rule_keeps_its_place_among_the_others(client):
    user = a_user(Role.SUPERVISOR)
    rules = list(RoutingRule.objects.in_use())
    before = sorted(order())
    at_once(lambda n: route_editing.move(rules[n % 5 + 1], -1, by=user, at=timezone.now()))
    assert sorted(order()) == before
    assert RoutingChange.objects.filter(kind="moved").count() <= 10
