"""Whatever people write is text: it is kept as it was written, and shown as text wherever somebody meets it."""

import json
from uuid import uuid4

import pytest
from django.test import Client

from channels_intake.forms import LONGEST_STORY
from complaints.models import Complaint
from staff.actors import Role
from tests.api.test_complaints import SAID, URL
from tests.channels_intake.test_desk_forms import CHANNELS, filled
from tests.channels_intake.test_public_form import STORY, WHO
from tests.factories import a_branch, a_key, a_team, a_user

pytestmark = pytest.mark.django_db

HTML = "<script>alert(1)</script><img src=x onerror=alert(1)>"
TAKEN = {
    "html": HTML,
    "a formula": '=HYPERLINK("http://x.example","y")',
    "a template": "{{ 7*7 }}{% debug %} {reference.__class__} %s %(x)s",
    "faces": "👨‍👩‍👧‍👦🔥停电",
    "seldom signs": "𠮷野家 龘 ㍿ ﷽",
    "5000 characters": "长" * LONGEST_STORY,
    "lines": "一\r\n\r\n二\n三",
}


@pytest.fixture(autouse=True)
def desk(profile):
    a_branch()
    a_team("dispatch")


@pytest.fixture
def liaison(client):
    client.force_login(a_user(Role.LIAISON))
    client.cookies["language"] = "en"


@pytest.fixture
def boss():
    client = Client()
    client.force_login(a_user(Role.SUPERVISOR))
    return client


@pytest.fixture
def program():
    key = a_key(a_user(Role.AGENT))

    def send(body):
        headers = {"Authorization": f"Token {key}", "Idempotency-Key": str(uuid4())}
        return Client().post(URL, json.dumps(body), content_type="application/json", headers=headers)

    return send


def by_web(client, story):
    client.cookies["language"] = "en"
    form_id = uuid4()
    client.post("/complain/", {"form_id": form_id, "category": "OUT"})
    client.post(f"/complain/{form_id}/kind/", {"kind": "OUT-03"})
    told = client.post(f"/complain/{form_id}/story/", STORY | {"story": story})
    if told.status_code != 302:
        return told
    client.post(f"/complain/{form_id}/who/", WHO | {"contact_name": story[:100].split("\n")[0]})
    client.post(f"/complain/{form_id}/photos/", {})
    return client.post(f"/complain/{form_id}/check/")


def is_shown_as_text(complaint, boss):
    """On every page where somebody may meet it."""
    pages = [
        boss.get(complaint.get_absolute_url()),
        Client().get(f"/track/{complaint.token}/"),
        Client().get(f"/complain/received/{complaint.token}/"),
        boss.get("/desk/"),
        boss.get(f"/desk/registered/{complaint.reference}/receipt/a4/"),
    ]
    return all(page.status_code == 200 and HTML not in page.content.decode() for page in pages)


@pytest.mark.parametrize("name", TAKEN)
def test_customers_may_write_what_they_like(client, boss, name):
    assert "/received/" in by_web(client, TAKEN[name]).url
    complaint = Complaint.objects.get()
    assert complaint.story.split() == TAKEN[name].split()
    assert is_shown_as_text(complaint, boss)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("name", TAKEN)
def test_agents_may_write_what_callers_say(client, liaison, boss, channel, name):
    text = TAKEN[name]
    typed = filled(channel, story=text, contact_name=text[:100].split("\r")[0], remedy_sought=text[:500])
    assert client.post(f"/desk/new/{channel}/", typed).status_code == 302
    complaint = Complaint.objects.get()
    assert complaint.story.split() == text.split()
    assert is_shown_as_text(complaint, boss)


@pytest.mark.parametrize("name", TAKEN)
def test_programs_may_send_any_text(program, boss, name):
    answer = program(SAID | {"story": TAKEN[name], "contact_name": TAKEN[name][:100]})
    assert answer.status_code == 201, answer.content
    complaint = Complaint.objects.get()
    assert complaint.story.split() == TAKEN[name].split()
    assert is_shown_as_text(complaint, boss)
