"""Phrases: offered where they fit, filled from the complaint, and kept by those whose they are."""

import pytest
import yaml
from django.core.management import call_command
from django.urls import reverse

from complaints import phrases, profiles
from complaints.models import CannedText
from complaints.states import Status
from staff.actors import Role
from staff.models import TeamKind
from tests.complaints.test_moves import bring
from tests.complaints.views.pages import text_of
from tests.factories import a_complaint, a_team

pytestmark = pytest.mark.usefixtures("profile", "monday_morning")

NEW = {"title_zh": "回电", "body_zh": "{name}您好，{reference}", "moves": ["message"]}


@pytest.fixture
def complaint(profile):
    return bring(a_complaint(contact_name="李四"), Status.INVESTIGATING)


def save(client, pk=None, **said):
    url = reverse("complaints:phrase", args=[pk]) if pk else reverse("complaints:phrase-new")
    return client.post(url, NEW | said)


def titles(user, complaint, move="message") -> set[str]:
    return {one["title"] for one in phrases.offered(user, complaint, move)}


@pytest.mark.parametrize("name", ["cn-95598", "generic"])
def test_both_profiles_bring_phrases_for_every_move(name):
    rows = profiles.read(profiles.FOLDER / name).phrases
    assert len(rows) >= 12
    assert {move for row in rows for move in row["moves"]} == set(phrases.OFFERED_FOR)


def test_loading_again_leaves_what_was_changed_or_taken_away():
    changed, removed = CannedText.objects.exclude(code="")[:2]
    CannedText.objects.filter(pk=changed.pk).update(body_zh="我们自己的话")
    CannedText.objects.filter(pk=removed.pk).update(is_active=False)
    call_command("load_profile", "cn-95598", verbosity=0)
    call_command("load_profile", "cn-95598", if_empty=True, verbosity=0)
    assert CannedText.objects.get(code=changed.code).body_zh == "我们自己的话"
    assert not CannedText.objects.get(code=removed.code).is_active


@pytest.mark.parametrize(
    "fault",
    [
        {"body": {"zh": "{nobody}", "en": "x"}},
        {"body": {"zh": "{", "en": "x"}},
        {"moves": ["merge"]},
        {"category": "XYZ"},
    ],
)
def test_a_profile_with_a_wrong_phrase_is_refused(tmp_path, fault):
    for file in (profiles.FOLDER / "generic").rglob("*"):
        if file.is_file():
            copy = tmp_path / file.relative_to(profiles.FOLDER / "generic")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    right = {"code": "one", "moves": ["note"], "title": {"zh": "一", "en": "One"}, "body": {"zh": "一", "en": "one"}}
    (tmp_path / "phrases.yaml").write_text(yaml.safe_dump([right | fault]))
    with pytest.raises(profiles.BadProfile, match=r"phrases\.yaml, one"):
        profiles.read(tmp_path)


def test_outward_words_are_in_the_customers_language_and_filled(client, sign_in, complaint):
    sign_in(Role.AGENT)
    page = text_of(client.get(complaint.get_absolute_url(), {"move": "message"}, headers={"HX-Request": "true"}))
    assert f"李四您好，您反映的问题（{complaint.reference}）" in page
    assert "We are looking into it" in page
    note = text_of(client.get(complaint.get_absolute_url(), {"move": "note"}, headers={"HX-Request": "true"}))
    assert "Spoke with 李四, who agrees to" in note


def test_a_phrase_of_another_category_or_move_is_not_offered(sign_in, complaint):
    user = sign_in(Role.AGENT)
    assert "Supply is restored" in titles(user, complaint) | {
        str(one["title"]) for one in phrases.offered(user, complaint, "message")
    }
    bill = bring(a_complaint("BIL-01"), Status.INVESTIGATING)
    assert "Supply is restored" not in titles(user, bill)
    assert titles(user, complaint, "note").isdisjoint(titles(user, complaint))
    assert phrases.offered(user, complaint, "merge") == []


@pytest.mark.parametrize("body", ["{nobody}", "{name", "{name.__class__}", "{0}", "{}"])
def test_what_nothing_can_fill_is_refused_by_its_name(client, sign_in, body):
    sign_in(Role.AGENT)
    before = CannedText.objects.count()
    refused = save(client, body_zh=body)
    assert refused.status_code == 422
    page = text_of(refused)
    assert "Nothing fills" in page
    assert "{reference}" in page
    assert CannedText.objects.count() == before


def test_ones_own_is_seen_by_nobody_else(client, sign_in, complaint):
    other = sign_in(Role.AGENT)
    mine = sign_in(Role.AGENT)
    assert save(client, whose="everybody").status_code == 302
    row = CannedText.objects.get(title_zh="回电")
    assert row.owner == mine
    assert "回电" in titles(mine, complaint)
    assert "回电" not in titles(other, complaint)
    client.force_login(other)
    assert save(client, row.pk).status_code == 404
    assert client.post(reverse("complaints:phrase-remove", args=[row.pk])).status_code == 404
    client.post(reverse("complaints:phrase-used", args=[row.pk]))
    row.refresh_from_db()
    assert (row.is_active, row.uses) == (True, 0)


def test_a_supervisor_shares_with_everybody_or_a_team(client, sign_in, complaint):
    team = a_team(TeamKind.OUTAGE)
    member, stranger = sign_in(Role.AGENT, team=team), sign_in(Role.AGENT)
    sign_in(Role.SUPERVISOR, team=team)
    save(client, whose="team", title_zh="班组")
    save(client, whose="everybody", title_zh="大家")
    assert {"班组", "大家"} <= titles(member, complaint)
    assert "大家" in titles(stranger, complaint)
    assert "班组" not in titles(stranger, complaint)
    shared = CannedText.objects.get(title_zh="大家")
    client.force_login(stranger)
    assert save(client, shared.pk).status_code == 404
    page = text_of(client.get(reverse("complaints:phrases")))
    assert "大家" in page
    assert reverse("complaints:phrase", args=[shared.pk]) not in page


def test_a_removed_one_is_offered_no_more_and_a_used_one_first(client, sign_in, complaint):
    user = sign_in(Role.SUPERVISOR)
    last = phrases.offered(user, complaint, "message")[-1]
    assert client.post(reverse("complaints:phrase-used", args=[last["id"]])).status_code == 204
    assert phrases.offered(user, complaint, "message")[0]["id"] == last["id"]
    assert client.post(reverse("complaints:phrase-remove", args=[last["id"]])).status_code == 302
    assert last["title"] not in titles(user, complaint)


def test_a_changed_phrase_stays_shared(client, sign_in):
    sign_in(Role.SUPERVISOR)
    row = CannedText.objects.get(code="called-and-agreed")
    page = client.get(reverse("complaints:phrase", args=[row.pk]))
    assert page.status_code == 200
    assert save(client, row.pk, whose="everybody", moves=["note"], title_en="Agreed").status_code == 302
    row.refresh_from_db()
    assert (row.title_en, row.owner, row.moves) == ("Agreed", None, ["note"])


def test_it_needs_a_title_and_a_text(client, sign_in):
    sign_in(Role.AGENT)
    assert save(client, title_zh="").status_code == 422
    assert save(client, body_zh="").status_code == 422
    assert save(client, moves=[]).status_code == 422
    assert not CannedText.objects.filter(code="").exists()
