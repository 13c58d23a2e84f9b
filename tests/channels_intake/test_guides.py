"""Guides that customers find, are offered, and say of whether they helped; standards that are the clocks' own."""

import threading

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_intake import guides
from channels_intake.models import Guide, GuideAnswer
from complaints.models import Category, Policy, PolicyLimit
from staff.actors import Role
from tests.channels_intake.test_public_form import walk
from tests.factories import a_branch, a_team, a_user

pytestmark = pytest.mark.django_db
TEXTS = {"title_zh": "标题", "title_en": "Title", "body_zh": "正文", "body_en": "Body", "position": "5"}


@pytest.fixture(autouse=True)
def desk(profile, client):
    a_branch()
    a_team("dispatch")
    call_command("load_guides", "cn-95598", verbosity=0)
    client.cookies["language"] = "en"


@pytest.fixture
def supervisor(client):
    user = a_user(Role.SUPERVISOR)
    client.force_login(user)
    return user


def page(response):
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("profile_name", ["cn-95598", "generic"])
def test_every_profile_brings_guides_in_both_languages(profile_name):
    Guide.objects.all().delete()
    assert guides.load(profile_name, at=timezone.now()) == guides.Loaded(8)
    assert guides.load(profile_name, at=timezone.now()) == guides.Loaded(0), "what supervisors wrote stays"
    for guide in Guide.objects.all():
        assert guide.is_published
        assert all(getattr(guide, name) for name in guides.TEXTS)
        assert "{" not in guides.rendered(guide.body_zh) + guides.rendered(guide.body_en)


def test_guides_of_a_category_with_another_code_are_loaded_for_every_topic_and_it_is_said(capsys):
    Guide.objects.all().delete()
    Category.objects.filter(code="SAF").update(code="DANGER")
    call_command("load_guides", "cn-95598")
    said = capsys.readouterr()
    assert "8 guides loaded." in said.out
    assert "Guide 'wire-down': there is no category 'SAF'; it is shown for every topic." in said.err
    assert Guide.objects.count() == 8
    assert Guide.objects.get(slug="wire-down").category is None
    assert Guide.objects.get(slug="no-power").category.code == "OUT"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_customer_reads_a_guide_in_their_language_with_the_numbers_to_call(client, language):
    client.cookies["language"] = language
    text = page(client.get("/help/wire-down/"))
    assert "95598" in text
    assert ("8 metres" in text) == (language == "en")
    assert "<strong>" in text


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("电表", "read-the-meter"),
        ("TIERED", "tiered-bill"),
        ("ｖｏｌｔａｇｅ", "voltage"),
        ("bill tier", "tiered-bill"),
    ],
)
def test_two_characters_or_wide_letters_find_it(client, q, found):
    assert f"/help/{found}/" in page(client.get("/help/", {"q": q}))


def test_nothing_found_says_so_and_what_is_not_published_is_not_there(client):
    assert "Nothing found" in page(client.get("/help/", {"q": "西红柿<script>"}))
    Guide.objects.filter(slug="voltage").update(is_published=False)
    assert "/help/voltage/" not in page(client.get("/help/"))
    assert client.get("/help/voltage/").status_code == 404


def test_the_form_offers_guides_of_its_topic_those_first_whose_words_were_typed(client):
    form_id = walk(client, until="story", category={"category": "BIL"}, kind={"kind": "BIL-01"})
    client.post(f"/complain/{form_id}/story/keep/", {"story": "电表的显示屏怎么看，按一下按钮可以切换吗"})
    text = page(client.get(f"/complain/{form_id}/story/"))
    assert text.index("/help/read-the-meter/") < text.index("/help/tiered-bill/")
    assert "/help/wire-down/" not in text


def test_a_reader_says_once_whether_it_helped(client):
    for answer in ("yes", "yes", "no"):
        client.post("/help/voltage/answer/", {"helped": answer})
    Client().post("/help/voltage/answer/", {"helped": "no"})
    Client().post("/help/voltage/answer/", {"helped": "perhaps"})
    assert GuideAnswer.objects.values("yes", "no").get() == {"yes": 1, "no": 1}
    assert "Thank you" in page(client.get("/help/voltage/"))


@pytest.mark.django_db(transaction=True)
def test_readers_at_once_are_all_counted(profile):
    together = threading.Barrier(8)

    def work():
        try:
            together.wait()
            Client().post("/help/voltage/answer/", {"helped": "yes"})
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert GuideAnswer.objects.get().yes == 8


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_becomes_html_of_its_own(profile, text):
    shown = guides.rendered(f"{text}<script>alert(1)</script><img src=x onerror=y> [a](javascript:alert(1))")
    assert "<script" not in shown
    assert "<img" not in shown
    assert 'href="javascript' not in shown


# writing


def test_a_supervisor_sees_it_before_saving_and_every_version_stays(client, supervisor):
    said = TEXTS | {"slug": "new-one", "is_published": "on", "body_en": "**Bold** words"}
    assert "<strong>Bold</strong>" in page(client.post("/desk/guides/new/", said))
    assert not Guide.objects.filter(slug="new-one").exists()
    assert client.post("/desk/guides/new/", said | {"save": "1"}).status_code == 302
    client.post("/desk/guides/new-one/", said | {"save": "1", "body_en": "Other words"})
    client.post("/desk/guides/new-one/", said | {"save": "1", "body_en": "Other words", "position": "7"})
    guide = Guide.objects.get(slug="new-one")
    assert (guide.body_en, guide.position) == ("Other words", 7)
    assert [(one.number, one.texts["body_en"], one.made_by) for one in guide.versions.all()] == [
        (2, "Other words", supervisor),
        (1, "**Bold** words", supervisor),
    ]
    assert "Title" in page(client.get("/desk/guides/"))


def test_a_guide_without_a_text_or_with_an_address_that_is_taken_is_refused(client, supervisor):
    before = Guide.objects.count()
    for wrong in ({"body_zh": ""}, {"slug": "voltage"}, {"slug": "Größe!"}, {"body_en": "x" * 8001}):
        answer = client.post("/desk/guides/new/", TEXTS | {"slug": "fine", "save": "1"} | wrong)
        assert answer.status_code == 422
        assert "标题" in answer.content.decode()
    assert Guide.objects.count() == before


@pytest.mark.parametrize("role", [Role.AGENT, Role.INVESTIGATOR, Role.LIAISON, Role.ANALYST])
def test_others_do_not_write_guides(client, role):
    client.force_login(a_user(role))
    assert client.get("/desk/guides/").status_code == 403
    assert client.post("/desk/guides/voltage/", TEXTS | {"slug": "voltage", "save": "1"}).status_code == 403
    assert Guide.objects.get(slug="voltage").title_en == "Voltage and your appliances"


# standards


def test_the_standards_are_the_policies_in_force(client):
    text = page(client.get("/standards/"))
    assert "45 minutes" in text
    assert "12398" in text
    PolicyLimit.objects.filter(policy__is_current=True, kind="arrive", tier="commitment", limit="45min").update(
        limit="37min"
    )
    assert Policy.objects.filter(is_current=True, limits__limit="37min").exists()
    text = page(client.get("/standards/"))
    assert "37 minutes" in text
    assert "45 minutes" not in text


def test_internal_targets_are_nobodys_business(client):
    limits = set(PolicyLimit.objects.filter(policy__is_current=True, tier="internal").values_list("limit", flat=True))
    assert limits
    assert "Internal" not in page(client.get("/standards/"))
