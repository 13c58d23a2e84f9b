"""The texts that go out: changed in both languages with a look at a real complaint, kept in versions, never overwritten."""

import math
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as some

from complaints import announcements, issue_actions, issues, outbox, reports_told, texts, watching, webhooks, workflow
from complaints.models import DeskSettings, MessageTemplate, TextVersion, Webhook
from complaints.models.append_only import HistoryIsPermanent
from complaints.occasions import OCCASIONS
from complaints.refusals import Refusal
from staff.actors import Actor, Role
from tests.at_once import at_once
from tests.complaints.test_issue_actions import an_action
from tests.complaints.test_moves import bring
from tests.factories import a_branch, a_complaint, a_user, an_announcement, an_issue

pytestmark = pytest.mark.usefixtures("profile")
URL = "/desk/texts/asked/sms/en/"


def the_text(code="asked", medium="sms", language="en"):
    return MessageTemplate.objects.get(code=code, medium=medium, language=language)


def page_of(answer) -> str:
    return answer.content.decode()


def save(client, body, url=URL, seen=0, **more):
    return client.post(url, {"body": body, "seen": seen, **more})


@pytest.mark.parametrize("role", Role)
def test_only_supervisors_and_administrators_change_texts(sign_in, reader, role):
    sign_in(role)
    may = role in {Role.SUPERVISOR, Role.ADMINISTRATOR}
    before = the_text().body
    assert (reader.get("/desk/texts/").status_code == 200) == may
    assert (reader.get(URL).status_code == 200) == may
    assert (save(reader, "Call {hotline}.").status_code == 302) == may
    assert (the_text().body == "Call {hotline}.") == may
    assert (reader.post(URL + "restore/").status_code == 302) == may
    assert the_text().body == before


def test_every_text_has_its_occasion_in_words_and_a_page(sign_in, reader):
    sign_in(Role.SUPERVISOR)
    assert set(MessageTemplate.objects.values_list("code", flat=True)) == set(OCCASIONS)
    page = page_of(reader.get("/desk/texts/"))
    for one in MessageTemplate.objects.all():
        url = f"/desk/texts/{one.code}/{one.medium}/{one.language}/"
        assert url in page
        assert reader.get(url).status_code == 200, url


def test_what_goes_out_from_now_on_says_it_in_its_language(sign_in, reader):
    sign_in(Role.SUPERVISOR)
    save(reader, "Tell us, {name}: {message}")
    for language in ("en", "zh-hans"):
        complaint = bring(a_complaint(language=language), "investigating")
        supervisor = Actor.staff(a_user(Role.SUPERVISOR))
        workflow.perform("ask", complaint, by=supervisor, message="which house?")
        said = complaint.notices.get(code="asked").body
        assert (said == "Tell us, 李四: which house?") == (language == "en")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{weather} today", "{weather}"),
        ("{place} is an issue's", "{place}"),
        ("{reference.__class__}", "{reference.__class__}"),
        ("{reference!r}", "{reference!r}"),
        ("{count:>99999999}", "{count:&gt;99999999}"),
        ("{}", "{}"),
        ("an open { brace", "brace is open"),
        ("", "Write what it says."),
    ],
)
@pytest.mark.parametrize("look", [{}, {"look": "1"}])
def test_what_cannot_be_filled_in_is_refused_by_name_and_stays_typed(sign_in, reader, wrong, said, look):
    sign_in(Role.SUPERVISOR)
    before = the_text().body
    answer = save(reader, wrong, **look)
    assert answer.status_code == 422
    assert said in page_of(answer)
    assert answer.context["form"]["body"].value() == wrong
    assert the_text().body == before
    assert not TextVersion.objects.exists()


def test_a_look_shows_it_on_the_newest_complaint_that_had_the_occasion_and_changes_nothing(sign_in, reader):
    sign_in(Role.SUPERVISOR)
    asked = bring(a_complaint(language="en"), "investigating")
    workflow.perform("ask", asked, by=Actor.staff(a_user(Role.SUPERVISOR)), message="Which house is it?")
    newer = a_complaint()
    sample = save(reader, "{reference}: {message}", look="1").context["sample"]
    assert (sample.of, sample.body) == (asked.reference, f"{asked.reference}: Which house is it?")
    named = save(reader, "{reference}", look="1", reference=newer.reference).context["sample"]
    assert named.body == newer.reference
    assert not TextVersion.objects.exists()


def test_a_look_reaches_no_further_than_the_eyes_of_who_looks(sign_in, reader):
    east, west = a_branch("east", parent=a_branch()), a_branch("west", parent=a_branch())
    other = bring(a_complaint(branch=west), "investigating")
    workflow.perform("ask", other, by=Actor.staff(a_user(Role.SUPERVISOR)), message="Which house is it?")
    sign_in(Role.SUPERVISOR)
    assert reader.get(URL).context["sample"].of == other.reference
    sign_in(Role.SUPERVISOR, branch=east)
    page = reader.get(URL)
    assert page.context["sample"] is None
    assert other.reference not in page_of(page)
    answer = save(reader, "{name}", look="1", reference=other.reference)
    assert answer.status_code == 403
    assert other.contact_name not in page_of(answer)


def test_texts_about_issues_and_webhooks_are_shown_too(sign_in, reader):
    sign_in(Role.SUPERVISOR)
    issue = an_issue()
    issues.say(issue, by=a_user(Role.SUPERVISOR), text_en="A crew is there.")
    sample = save(reader, "{message}", url="/desk/texts/issue_update/sms/en/", look="1").context["sample"]
    assert sample.body == "A crew is there."
    assert reader.get("/desk/texts/webhook_stopped/email/en/").context["sample"] is not None


def test_versions_are_kept_and_an_earlier_one_comes_back(sign_in, reader):
    user = sign_in(Role.SUPERVISOR)
    first = the_text().body
    save(reader, "Second {message}")
    save(reader, "Third {message}", seen=2)
    assert list(the_text().versions.values_list("number", "body", "by")) == [
        (3, "Third {message}", user.pk),
        (2, "Second {message}", user.pk),
        (1, first, None),
    ]
    reader.post(URL + "restore/", {"number": "2"})
    assert the_text().body == "Second {message}"
    reader.post(URL + "restore/")
    assert (the_text().body, the_text().edited_at) == (first, None)
    assert the_text().versions.count() == 5
    assert reader.post(URL + "restore/", {"number": "77"}).status_code == 404
    with pytest.raises(HistoryIsPermanent):
        the_text().versions.first().delete()


def test_who_looked_at_an_older_version_is_told(sign_in, reader):
    sign_in(Role.SUPERVISOR)
    save(reader, "One {message}")
    answer = save(reader, "Two {message}", seen=0)
    assert answer.status_code == 422
    assert "Somebody else has changed this text" in page_of(answer)
    assert "Two {message}" in page_of(answer)
    assert the_text().body == "One {message}"


@pytest.mark.django_db(transaction=True)
def test_of_ten_who_save_at_once_one_does():
    text, user = the_text(), a_user(Role.SUPERVISOR)

    def saved(number):
        try:
            texts.change(text, subject="", body=f"{number}", by=user, seen=0)
        except Refusal:
            return 0
        return 1

    assert sum(at_once(saved)) == 1
    assert text.versions.count() == 2


@pytest.mark.parametrize("options", [[], ["--if-empty"]])
def test_loading_the_profile_leaves_what_was_edited_and_knows_the_way_back(sign_in, reader, options):
    sign_in(Role.SUPERVISOR)
    first = the_text().body
    save(reader, "Ours: {message}")
    call_command("load_profile", "cn-95598", *options, stdout=StringIO())
    assert the_text().body == "Ours: {message}"
    reader.post(URL + "restore/")
    assert the_text().body == first


@given(text=some.text(alphabet=some.characters(exclude_categories=["Cs"])))
def test_no_text_is_split_into_fewer_parts_than_it_needs(text):
    length = texts.length_of(text)
    per_part = {160: 153, 70: 67}[length.in_one]
    assert length.parts == (1 if length.signs <= length.in_one else math.ceil(length.signs / per_part))
    assert length.signs >= len(text)


@pytest.mark.parametrize(
    ("text", "signs", "parts"),
    [
        ("a" * 160, 160, 1),
        ("a" * 161, 161, 2),
        ("a" * 159 + "€", 161, 2),
        ("好" * 70, 70, 1),
        ("好" * 71, 71, 2),
        ("a" * 69 + "好", 70, 1),
        ("😀" * 35, 70, 1),
        ("😀" * 36, 72, 2),
        ("", 0, 1),
    ],
)
def test_the_length_of_a_text_message_is_counted_as_the_network_counts(text, signs, parts):
    assert (texts.length_of(text).signs, texts.length_of(text).parts) == (signs, parts)


def test_each_placeholder_that_is_offered_stands_for_something():
    complaint = a_complaint()
    words = outbox.words_for(complaint, complaint.events.get(number=1), DeskSettings.current())
    assert {*texts.OF_SETTLED, *texts.OF_CONCERNS} == {*words, "name"}
    of_announcement = announcements.words_for(an_announcement(), DeskSettings.current())
    assert set(texts.OF_ANNOUNCEMENTS) == {*of_announcement, "name"}
    assert set(texts.OF_ACTIONS) == {*issue_actions.words_for(an_action()), "name"}
    assert set(texts.OF_ISSUES) == {*issues.words_for(an_issue(), None, DeskSettings.current()), "name", "track_url"}
    hook = Webhook(pk=1, name="GIS", url="https://gis.example/")
    assert set(texts.OF_WEBHOOKS) == {*webhooks.words_for(hook, ""), "name"}
    others = {*texts.OF_ISSUES, *texts.OF_VIEWS, *texts.OF_WEBHOOKS, *texts.OF_ANNOUNCEMENTS, *texts.OF_ACTIONS}
    assert set(texts.OF_REPORTS) == {*reports_told.sample(a_user())[1], "name"}
    others |= {*texts.OF_REPORTS}
    assert set(texts.WORDS) == {*texts.OF_SETTLED, *texts.OF_SURVEYS, *texts.OF_CONCERNS, *others}


@pytest.mark.parametrize("code", sorted(watching.OCCASIONS))
def test_the_texts_about_views_have_a_page_and_a_sample(client, code):
    user = a_user(Role.SUPERVISOR)
    client.force_login(user)
    complaint = a_complaint(at=timezone.now())
    assert client.get(f"/desk/texts/{code}/email/en/").status_code == 200
    text = MessageTemplate.objects.get(code=code, medium="email", language="en")
    shown = texts.sample(code, "en", text.subject, text.body, by=user)
    assert "Due soon" in shown.subject
    assert (complaint.reference in shown.body) is (code == "view_digest")


def test_a_letter_has_words_of_its_own_and_is_looked_at_as_a_sheet(sign_in, reader):
    sign_in(Role.SUPERVISOR)
    complaint = a_complaint(
        channel="letter", source="post", contact_phone="", contact_address="河北省唐山市和平路1号", language="en"
    )
    notice = complaint.notices.get(code="acknowledged")
    assert notice.body.startswith("Dear ")
    assert notice.body.endswith("Yours sincerely")
    url = "/desk/texts/acknowledged/letter/en/"
    typed = {"subject": "We have it", "body": "Dear {name}, it is {reference}.", "seen": 0}
    before = the_text("acknowledged", "letter", "en").body
    sheet = reader.post(url, typed | {"sheet": "1", "reference": complaint.reference})
    assert sheet["Content-Type"] == "application/pdf"
    assert sheet.content.startswith(b"%PDF")
    assert the_text("acknowledged", "letter", "en").body == before
    assert reader.post(url, typed | {"sheet": "1", "body": "{nonsense}"}).status_code == 422
    reader.post(url, typed)
    again = a_complaint(channel="letter", source="post", contact_phone="", contact_address="和平路1号", language="en")
    assert again.notices.get().subject == "We have it"
