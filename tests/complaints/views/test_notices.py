"""What goes out: who sees what failed, sending it again once, to a better address, many at a time, and giving it up."""

import re
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import OperationalError
from django.utils import timezone
from django.utils.translation import override

from complaints import issues, outbox, resending
from complaints.models import DeskSettings, Notice, NoticeState, Webhook
from complaints.refusals import MoveRefused
from complaints.tasks import send_notices
from customers.masks import masked
from staff.actors import Role
from tests.at_once import at_once
from tests.complaints.a_gateway import a_gateway
from tests.factories import a_branch, a_complaint, a_user, an_issue

pytestmark = pytest.mark.usefixtures("profile")
NUMBER = "13800001234"


@pytest.fixture
def gateway(settings):
    DeskSettings.objects.update(quiet_from=None, quiet_until=None)
    with a_gateway() as one:
        settings.SMS_URL = one.url
        yield one


def dead(notice, **fields):
    fields = {"state": NoticeState.DEAD, "attempts": 7, "error": "The gateway answered 400: wrong number", **fields}
    Notice.objects.filter(pk=notice.pk).update(**fields)
    notice.refresh_from_db()
    return notice


def a_dead_notice(**fields):
    return dead(a_complaint(at=timezone.now(), contact_phone=NUMBER, **fields).notices.get())


def text(answer):
    return answer.content.decode()


def listed(answer) -> list[int]:
    return [line["notice"].pk for line in answer.context["rows"]]


def press(client, notice, **said):
    return client.post(f"/desk/notices/{notice.pk}/resend/", said)


@pytest.mark.parametrize("role", Role)
def test_only_those_who_look_after_it_see_it_and_send_again(sign_in, reader, role):
    sign_in(role)
    notice = a_dead_notice()
    may = role in {Role.SUPERVISOR, Role.ADMINISTRATOR}
    assert (reader.get("/desk/notices/").status_code == 200) == may
    assert (reader.get(f"/desk/notices/{notice.pk}/").status_code == 200) == may
    assert (press(reader, notice).status_code == 302) == may
    notice.refresh_from_db()
    assert notice.state == (NoticeState.QUEUED if may else NoticeState.DEAD)
    answer = reader.post("/desk/notices/chosen/", {"notice": notice.pk, "give_up": "1", "reason": "x"})
    assert (answer.status_code == 200) == may
    assert ("/desk/notices/" in {entry["url"] for entry in reader.get("/desk/").context["rail"]}) == may


def test_what_failed_is_listed_with_the_gateways_words_and_counted_in_the_rail(sign_in, reader):
    sign_in(Role.SUPERVISOR)
    notice = a_dead_notice()
    a_complaint()
    page = reader.get("/desk/notices/")
    assert listed(page) == [notice.pk]
    assert "wrong number" in text(page)
    (entry,) = [entry for entry in page.context["rail"] if entry["url"] == "/desk/notices/"]
    assert (entry["count"], entry["current"]) == ("1", True)


def test_other_branches_and_their_issues_are_out_of_sight(sign_in, reader):
    here, there = a_branch("east", parent=a_branch()), a_branch("west", parent=a_branch())
    sign_in(Role.SUPERVISOR, branch=here)
    mine, other = a_dead_notice(branch=here), a_dead_notice(branch=there)
    for branch in (here, there):
        issues.follow(an_issue(branch=branch), medium="sms", address="13811112222", language="en")
    of_issue = dead(Notice.objects.get(follower__issue__branch=here))
    dead(Notice.objects.get(follower__issue__branch=there))
    Webhook.objects.create(name="GIS", url="https://gis.example/", branch=there, moves=["note"])
    assert set(listed(reader.get("/desk/notices/"))) == {mine.pk, of_issue.pk}
    assert reader.get(f"/desk/notices/{other.pk}/").status_code == 404
    assert press(reader, other).status_code == 404
    reader.post("/desk/notices/chosen/", {"notice": [mine.pk, other.pk], "resend": "1"})
    other.refresh_from_db()
    mine.refresh_from_db()
    assert (mine.state, other.state) == (NoticeState.QUEUED, NoticeState.DEAD)


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("state=all", {"sms", "email"}),
        ("state=queued", {"email"}),
        ("state=all&medium=email", {"email"}),
        ("state=all&occasion=acknowledged", {"sms", "email"}),
        ("state=all&occasion=merged", set()),
        ("state=all&since=2999-01-01", set()),
        ("state=all&since=2020-01-01", {"sms", "email"}),
    ],
)
def test_the_list_can_be_narrowed(sign_in, reader, query, fits):
    sign_in(Role.SUPERVISOR)
    a_dead_notice()
    a_complaint(contact_email="li@example.org", contact_method="email")
    page = reader.get(f"/desk/notices/?{query}")
    assert {line["notice"].medium for line in page.context["rows"]} == fits


def test_a_complaint_is_found_by_its_reference_and_nonsense_is_told(sign_in, reader):
    sign_in(Role.SUPERVISOR)
    notice, _other = a_dead_notice(), a_dead_notice()
    assert listed(reader.get("/desk/notices/", {"complaint": notice.complaint.reference})) == [notice.pk]
    page = reader.get("/desk/notices/?medium=pigeon&since=yesterday&complaint=x&occasion=tea&after=abc")
    assert set(page.context["ignored"]) == {"medium", "since", "complaint", "occasion"}


def test_pages_follow_each_other_and_cost_the_same_for_5_and_50(sign_in, reader, django_assert_num_queries):
    sign_in(Role.SUPERVISOR, branch=a_branch("east", parent=a_branch()))
    complaint = a_complaint(branch=a_branch("east"))
    pattern = complaint.notices.get()

    def more(count):
        event = complaint.events.get(number=1)
        Notice.objects.bulk_create(
            Notice(
                complaint=complaint,
                event=event,
                code="message",
                medium="sms",
                address=f"{n}-{count}",
                language="en",
                body="x",
                state="dead",
                next_try_at=pattern.next_try_at,
            )
            for n in range(count)
        )

    more(5)
    reader.get("/desk/notices/")
    with django_assert_num_queries(QUERIES):
        reader.get("/desk/notices/")
    more(50)
    with django_assert_num_queries(QUERIES):
        page = reader.get("/desk/notices/")
    first = listed(page)
    second = listed(reader.get(page.context["older_url"]))
    assert (len(first), len(second)) == (50, 5)
    assert [*first, *second] == sorted({*first, *second}, reverse=True)


QUERIES = 7
"""Session, user, branch; page of notices; counts of the rail; storms."""


def test_the_list_of_what_failed_is_read_from_its_index():
    one = a_dead_notice()
    about = {
        "complaint": one.complaint,
        "event": one.event,
        "code": "message",
        "medium": "sms",
        "language": "en",
        "body": "x",
    }
    sent = {"state": "sent", "attempts": 1, "sent_at": timezone.now(), "next_try_at": one.next_try_at}
    Notice.objects.bulk_create(Notice(**about, **sent, address=str(n)) for n in range(2000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE complaints_notice")
        cursor.execute("EXPLAIN SELECT id FROM complaints_notice WHERE state = 'dead' ORDER BY id DESC LIMIT 51")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "notice_by_state_newest" in plan
    assert "Sort" not in plan


def test_sent_again_it_gets_through_with_the_same_key_and_the_history_says_so(sign_in, reader, gateway):
    user = sign_in(Role.SUPERVISOR)
    notice = a_dead_notice()
    key = notice.uuid
    assert press(reader, notice, back="1").url == notice.complaint.get_absolute_url()
    assert send_notices() == 1
    notice.refresh_from_db()
    assert (notice.state, notice.attempts, notice.error, notice.uuid) == (NoticeState.SENT, 1, "", key)
    event = notice.complaint.events.get(move="resend")
    assert (event.user, event.details) == (user, {"medium": "sms", "address": NUMBER})
    assert f"Sent again (Text message) to {masked(NUMBER)}" in text(reader.get(notice.complaint.get_absolute_url()))


def test_a_corrected_address_is_told_and_kept_on_the_complaint(sign_in, reader, gateway):
    sign_in(Role.SUPERVISOR)
    notice = a_dead_notice()
    key = notice.uuid
    assert press(reader, notice, address="13900005678").status_code == 302
    assert send_notices() == 1
    assert b"13900005678" in gateway.asked[0][3]
    notice.refresh_from_db()
    assert notice.uuid != key
    assert notice.complaint.contact_phone == "13900005678"
    event = notice.complaint.events.get(move="resend")
    assert event.details == {"medium": "sms", "address": "13900005678", "was": NUMBER}
    assert f"to 139****5678, which was {masked(NUMBER)}" in text(reader.get(notice.complaint.get_absolute_url()))


@pytest.mark.parametrize("wrong", ["", "0315-2021234", "nobody"])
def test_an_address_that_cannot_be_is_refused_beside_what_was_typed(sign_in, reader, wrong):
    sign_in(Role.SUPERVISOR)
    notice = a_dead_notice()
    answer = press(reader, notice, address=wrong)
    assert answer.status_code == 422
    assert wrong in text(answer)
    notice.refresh_from_db()
    assert (notice.state, notice.address) == (NoticeState.DEAD, NUMBER)
    assert not notice.complaint.events.filter(move="resend").exists()


def test_the_address_of_a_colleague_cannot_be_corrected_here(sign_in, reader):
    sign_in(Role.SUPERVISOR)
    notice = dead(a_complaint().notices.get(), is_to_customer=False)
    assert press(reader, notice, address="13900005678").status_code == 422
    assert press(reader, notice).status_code == 302


def test_what_was_sent_or_waits_is_not_sent_again(sign_in, reader):
    sign_in(Role.SUPERVISOR)
    notice = a_complaint().notices.get()
    assert press(reader, notice).status_code == 409
    dead(notice, state=NoticeState.SENT, sent_at=timezone.now())
    assert press(reader, notice).status_code == 409
    assert not notice.complaint.events.filter(move="resend").exists()


def test_what_waits_for_its_next_try_can_be_tried_now(sign_in, reader, gateway):
    sign_in(Role.SUPERVISOR)
    tomorrow = timezone.now() + timedelta(days=1)
    notice = dead(a_complaint().notices.get(), state=NoticeState.QUEUED, attempts=3, next_try_at=tomorrow)
    assert press(reader, notice).status_code == 302
    assert send_notices() == 1
    assert len(gateway.asked) == 1


@pytest.mark.django_db(transaction=True)
def test_pressed_ten_times_at_once_it_is_sent_once_more(gateway):
    notice, user = a_dead_notice(), a_user(Role.SUPERVISOR)

    def pressed(_number):
        try:
            resending.resend(notice, by=user)
        except MoveRefused:
            return False
        return True

    assert sum(at_once(pressed)) == 1
    at_once(lambda _number: send_notices(), 3)
    assert len(gateway.asked) == 1
    assert notice.complaint.events.filter(move="resend").count() == 1
    assert Notice.objects.get(pk=notice.pk).state == NoticeState.SENT


@pytest.mark.django_db(transaction=True)
def test_while_a_worker_is_at_it_nobody_waits_and_nothing_is_doubled(gateway):
    notice, user = a_complaint().notices.get(), a_user(Role.SUPERVISOR)
    Notice.objects.update(attempts=1, next_try_at=timezone.now())
    refused = []

    def meanwhile():
        try:
            with override("en"):  # the gateway's thread has a language of its own
                resending.resend(notice, by=user)
        except (MoveRefused, OperationalError) as error:
            refused.append(str(error))
        finally:
            connection.close()

    gateway.before_answer = meanwhile
    assert outbox.send(notice)
    assert refused == ["It is just being sent. Look again in a moment."]
    assert len(gateway.asked) == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_between_gateway_and_commit_sends_the_same_key_again(gateway):
    notice = a_dead_notice()
    resending.resend(notice, by=a_user(Role.SUPERVISOR))
    with transaction.atomic():
        assert outbox.send(notice)
        transaction.set_rollback(True)
    assert outbox.send(notice)
    first, second = (headers["Idempotency-Key"] for _method, _path, headers, _body in gateway.asked)
    assert first == second == str(notice.uuid)


def test_many_are_sent_again_each_with_its_own_result(sign_in, reader):
    sign_in(Role.SUPERVISOR)
    good, waits = a_dead_notice(), a_complaint().notices.get()
    answer = reader.post("/desk/notices/chosen/", {"notice": [good.pk, waits.pk, "nonsense"], "resend": "1"})
    assert re.search(r"Done: 1\. Refused: 1\.", text(answer))
    assert "It waits to be sent already." in text(answer)
    good.refresh_from_db()
    assert good.state == NoticeState.QUEUED


def test_given_up_with_a_reason_it_rests_and_can_still_be_sent(sign_in, reader):
    sign_in(Role.ADMINISTRATOR)
    notice = a_dead_notice()
    assert reader.post(f"/desk/notices/{notice.pk}/give-up/", {"reason": " "}).status_code == 422
    refused = reader.post("/desk/notices/chosen/?state=dead", {"notice": notice.pk, "give_up": "1"})
    assert refused.status_code == 422
    assert "Say why it is given up." in text(refused)
    assert f'value="{notice.pk}" checked' in text(refused)
    assert listed(refused) == [notice.pk]
    refused = reader.post("/desk/notices/chosen/", {"give_up": "1", "reason": "moved away"})
    assert (refused.status_code, "moved away" in text(refused)) == (422, True)
    notice.refresh_from_db()
    assert notice.state == NoticeState.DEAD
    assert reader.post(f"/desk/notices/{notice.pk}/give-up/", {"reason": "空号"}).status_code == 302
    notice.refresh_from_db()
    assert notice.state == NoticeState.GIVEN_UP
    assert notice.complaint.events.get(move="give_up").details["reason"] == "空号"
    assert "空号" in text(reader.get(notice.complaint.get_absolute_url()))
    assert listed(reader.get("/desk/notices/")) == []
    assert press(reader, notice).status_code == 302


def test_a_call_to_a_webhook_that_is_off_waits_for_the_webhook(sign_in, reader):
    sign_in(Role.ADMINISTRATOR)
    hook = Webhook.objects.create(name="GIS", url="https://gis.example/", branch=a_branch(), moves=["register"])
    a_complaint()
    call = dead(hook.notices.get())
    Webhook.objects.update(is_active=False)
    assert press(reader, call).status_code == 409
    Webhook.objects.update(is_active=True)
    assert press(reader, call).status_code == 302


def test_the_button_stands_on_the_complaint_for_those_who_may(sign_in, reader):
    notice = a_dead_notice()
    for role, may in ((Role.SUPERVISOR, True), (Role.AGENT, False)):
        sign_in(role)
        page = text(reader.get(notice.complaint.get_absolute_url()))
        assert (f"/desk/notices/{notice.pk}/resend/" in page) == may
        assert "wrong number" in page
