"""The pages on which supervisors change what is promised: what they show, what they refuse, and what they leave alone."""

import pytest
from django.urls import reverse

from complaints.models import Policy, Retargeting
from complaints.tasks import retarget_clocks
from staff.actors import Role
from tests.complaints.test_retargeting import limits_of, shorten, some
from tests.complaints.views.pages import text_of

pytestmark = pytest.mark.usefixtures("profile")

POLICIES = reverse("complaints:policies")


def page(name: str, *args) -> str:
    return reverse(f"complaints:{name}", args=args)


def typed(client, address: str, **changes) -> dict:
    """Everything that the edit page would send as it stands, with some of it typed over."""
    context = client.get(address).context
    said = {}
    for form in [context["form"], context["limits"].management_form, *context["limits"].forms]:
        for field in form:
            value = field.value()
            if value not in (None, "", False, []):
                said[field.html_name] = value
    return said | changes


def versions(code: str = "any") -> list[int]:
    return list(Policy.objects.filter(code=code).order_by("version").values_list("version", flat=True))


def row_of(said: dict, kind: str, tier: str = "") -> str:
    """The prefix of the row that promises this."""
    rows = range(int(said["limits-TOTAL_FORMS"]))
    number = next(n for n in rows if (said.get(f"limits-{n}-kind"), said.get(f"limits-{n}-tier", "")) == (kind, tier))
    return f"limits-{number}"


@pytest.mark.parametrize("role", Role)
def test_everybody_reads_the_policies_and_those_who_steer_change_them(client, sign_in, role):
    sign_in(role)
    listed = client.get(POLICIES)
    assert listed.status_code == 200
    assert "Any complaint" in text_of(listed)
    may = role in (Role.SUPERVISOR, Role.ADMINISTRATOR)
    assert (page("policy-new") in text_of(listed)) is may
    assert client.get(page("policy", "any")).status_code == 200
    for name in (page("policy-new"), page("policy-edit", "any"), page("policy-retire", "any"), page("retarget")):
        assert client.get(name).status_code == (200 if may else 403)
    if not may:
        assert client.post(page("policy-edit", "any"), {"save": "1"}).status_code == 403
        assert client.post(page("retarget"), {"reason": "x"}).status_code == 403
        assert versions() == [1]
        assert not Retargeting.objects.exists()


def test_the_list_costs_the_same_however_many_policies(client, sign_in, django_assert_max_num_queries):
    sign_in(Role.SUPERVISOR)
    with django_assert_max_num_queries(13):
        client.get(POLICIES)


def test_the_list_leaves_those_that_could_hold(client, sign_in):
    sign_in(Role.SUPERVISOR)
    shown = text_of(client.get(POLICIES, {"category": "SAF", "channel": "phone"}))
    assert page("policy", "safety") in shown
    assert page("policy", "any") in shown
    assert page("policy", "voltage") not in shown
    assert page("policy", "letter") not in shown


def test_a_change_is_shown_first_and_saved_by_a_second_press(client, sign_in):
    person = sign_in(Role.SUPERVISOR)
    (complaint,) = some(1)
    address = page("policy-edit", "any")
    said = typed(client, address, reason="更快答复")
    said |= {f"{row_of(said, 'resolve', 'internal')}-limit": "2wd"}
    shown = client.post(address, said)
    assert shown.status_code == 200
    assert "2 working days" in text_of(shown)
    assert "Save this version" in text_of(shown)
    assert versions() == [1]
    saved = client.post(address, said | {"save": "1"})
    assert (saved.status_code, saved.url) == (302, page("policy", "any"))
    newest = Policy.objects.get(code="any", is_current=True)
    assert (newest.version, newest.reason, newest.made_by) == (2, "更快答复", person)
    old = Policy.objects.get(code="any", version=1)
    before = {(one.kind, one.tier): one for one in old.limits.all()}
    for limit in newest.limits.all():
        was = before.pop((limit.kind, limit.tier))
        expected = "2wd" if (limit.kind, limit.tier) == ("resolve", "internal") else was.limit
        assert limit.limit == expected
        for name in ("calendar", "starts", "statistic", "is_pausable", "extension", "warn", "escalate"):
            assert getattr(limit, name) == getattr(was, name), (limit, name)
    assert before == {}
    assert limits_of(complaint)["internal"] == "4wd"
    assert "4 working days → 2 working days" in text_of(client.get(saved.url))


WRONG = [
    ("resolve", "internal", "limit", "soon", "no time limit"),
    ("resolve", "internal", "calendar", "", "need a calendar"),
    ("resolve", "statutory", "is_pausable", "on", "never paused"),
    ("dispatch", "", "escalate", "1wd", "need a calendar"),
    ("dispatch", "", "warn", "tomorrow", "no time limit"),
    ("resolve", "internal", "tier", "commitment", "promises that already"),
]


@pytest.mark.parametrize(("kind", "tier", "name", "value", "words"), WRONG)
def test_what_cannot_be_is_said_beside_it_and_nothing_is_lost_or_saved(client, sign_in, kind, tier, name, value, words):
    sign_in(Role.SUPERVISOR)
    address = page("policy-edit", "any")
    said = typed(client, address, reason="Because of the audit", save="1")
    said |= {f"{row_of(said, kind, tier)}-{name}": value}
    refused = client.post(address, said)
    assert refused.status_code == 422
    assert words in text_of(refused)
    assert "Because of the audit" in text_of(refused)
    assert versions() == [1]


def test_one_more_promise_and_one_struck_out(client, sign_in):
    sign_in(Role.SUPERVISOR)
    address = page("policy-edit", "any")
    said = typed(client, address, reason="x")
    count = int(said["limits-TOTAL_FORMS"])
    more = client.post(address, said | {"add": "1"})
    assert more.status_code == 200
    assert f'name="limits-{count}-limit"' in text_of(more)
    said |= {
        "limits-TOTAL_FORMS": str(count + 1),
        f"limits-{count}-kind": "arrive",
        f"limits-{count}-tier": "internal",
        f"limits-{count}-limit": "3wd",
        f"limits-{count}-calendar": "cn-national",
        f"limits-{count}-starts": "received",
        f"limits-{count}-statistic": "each",
        f"{row_of(said, 'feedback')}-DELETE": "on",
        "save": "1",
    }
    assert client.post(address, said).status_code == 302
    kinds = set(Policy.objects.get(code="any", is_current=True).limits.values_list("kind", flat=True))
    assert "arrive" in kinds
    assert "feedback" not in kinds


def test_a_new_policy_for_the_same_complaints_as_another_is_refused_with_its_name(client, sign_in):
    sign_in(Role.ADMINISTRATOR)
    said = {
        "code": "twin", "name_zh": "双", "name_en": "Twin", "source": "P", "reason": "x", "save": "1",
        "limits-TOTAL_FORMS": "1", "limits-INITIAL_FORMS": "0", "limits-0-kind": "resolve", "limits-0-tier": "internal",
        "limits-0-limit": "3wd", "limits-0-calendar": "cn-national", "limits-0-starts": "received",
        "limits-0-statistic": "each",
    }  # fmt: skip
    refused = client.post(page("policy-new"), said)
    assert refused.status_code == 422
    assert "“Any complaint” promises the same" in text_of(refused)
    assert not Policy.objects.filter(code="twin").exists()
    assert client.post(page("policy-new"), said | {"match_area": ["remote"]}).status_code == 302
    assert Policy.objects.get(code="twin").match == {"area": ["remote"]}


def test_taking_a_policy_out_of_force_asks_why(client, sign_in):
    sign_in(Role.SUPERVISOR)
    assert client.post(page("policy-retire", "urging"), {"reason": ""}).status_code == 422
    assert Policy.objects.filter(code="urging", is_current=True).exists()
    assert client.post(page("policy-retire", "urging"), {"reason": "nicht mehr"}).status_code == 302
    assert not Policy.objects.filter(code="urging", is_current=True).exists()
    assert "out of force" in text_of(client.get(page("policy", "urging")))


def test_moving_running_clocks_from_the_page(client, sign_in):
    sign_in(Role.SUPERVISOR)
    (complaint,) = some(1)
    assert "Nothing would move" in text_of(client.get(page("retarget")))
    shorten()
    address = f"{page('retarget')}?policy=any"
    assert "What would move" in text_of(client.get(address))
    assert client.post(address, {"reason": ""}).status_code == 422
    started = client.post(address, {"reason": "新规"})
    run = Retargeting.objects.get()
    assert (started.status_code, started.url) == (302, page("retargeting", run.pk))
    assert client.post(address, {"reason": "again"}).status_code == 422
    assert Retargeting.objects.count() == 1
    assert limits_of(complaint)["internal"] == "4wd"
    retarget_clocks()
    assert limits_of(complaint)["internal"] == "2wd"
    done = client.get(page("retargeting", run.pk))
    assert "Finished." in text_of(done)
    table = client.get(page("retargeting", run.pk), {"format": "csv"})
    assert complaint.reference in text_of(table)
    assert client.get(complaint.get_absolute_url()).status_code == 200


def test_stopping_it(client, sign_in):
    person = sign_in(Role.SUPERVISOR)
    shorten()
    (complaint,) = some(1)
    complaint.clocks.filter(kind="resolve", tier="internal").update(limit="4wd")
    client.post(page("retarget"), {"reason": "x"})
    run = Retargeting.objects.get()
    assert client.post(page("retargeting-stop", run.pk)).status_code == 302
    run.refresh_from_db()
    assert run.stopped_by == person
    retarget_clocks()
    assert limits_of(complaint)["internal"] == "4wd"


def test_what_is_wrong_in_a_row_stands_in_the_one_summary_and_beside_its_field(client, sign_in):
    sign_in(Role.SUPERVISOR)
    address = page("policy-edit", "any")
    said = typed(client, address, reason="")
    said |= {f"{row_of(said, 'dispatch')}-limit": "soon"}
    refused = client.post(address, said)
    assert refused.status_code == 422
    text = text_of(refused)
    assert "2 things need another look" in text
    assert text.count("need another look") == 1
    assert text.count("“soon” is no time limit") == 2


def test_a_new_policy_begins_with_a_promise_to_fill_in(client, sign_in):
    sign_in(Role.SUPERVISOR)
    assert len(client.get(page("policy-new")).context["limits"].forms) == 1
