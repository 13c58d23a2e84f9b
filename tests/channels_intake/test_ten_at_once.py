"""The same thing from ten threads at once, through each door that people or programs use: one complaint, and nobody sees an error."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from channels_intake.models import InboundMail, InboundRecord, RegulatorBatch, UnsentForm
from complaints.models import Attachment, Complaint, Notice
from customers.models import Customer, CustomerImport
from customers.tasks import carry_on_imports
from staff.actors import Role
from tests.api.test_complaints import SAID, URL
from tests.at_once import at_once
from tests.channels_intake import test_messenger as messenger
from tests.channels_intake import test_regulator_batch as batch
from tests.channels_intake.test_desk_forms import CHANNELS, filled
from tests.channels_intake.test_mail import arrives, picture, written
from tests.channels_intake.test_public_form import photo, walk
from tests.customers.test_importing import HEADER, ROW
from tests.factories import a_branch, a_key, a_team, a_user, an_account

pytestmark = pytest.mark.django_db(transaction=True)
TEN = 10


@pytest.fixture(autouse=True)
def desk(profile, settings):
    settings.MESSENGERS = messenger.TOKENS
    a_branch()
    a_team("dispatch")


@pytest.fixture
def liaison(client):
    user = a_user(Role.LIAISON)
    client.force_login(user)
    return user


def tab_of(client):
    """Another window of the same browser."""
    tab = Client()
    tab.cookies = client.cookies
    return tab


def a_program():
    return a_key(a_user(Role.LIAISON))


def calls(program, said, *, key):
    headers = {"Authorization": f"Token {program}", "Idempotency-Key": key}
    return Client().post(URL, said, content_type="application/json", headers=headers)


def there_is_one():
    complaint = Complaint.objects.get()
    assert complaint.events.filter(move="register").count() == 1
    assert Notice.objects.filter(complaint=complaint, code="acknowledged").count() == 1
    assert set(InboundRecord.objects.values_list("complaint", flat=True)) == {complaint.pk}
    return complaint


def test_ten_presses_of_the_public_form(client):
    form_id = walk(client, photos={"files": photo()})
    addresses = at_once(lambda _number: tab_of(client).post(f"/complain/{form_id}/check/").url)
    complaint = there_is_one()
    assert set(addresses) == {f"/complain/received/{complaint.token}/"}
    assert complaint.attachments.count() == 1
    assert not UnsentForm.objects.exists()


def test_ten_first_steps_of_one_public_form(client):
    client.get("/complain/")
    form_id = walk(client, until="kind")
    answers = at_once(
        lambda _number: tab_of(client).post("/complain/", {"form_id": form_id, "category": "OUT"}).status_code
    )
    assert answers == [302] * TEN
    assert UnsentForm.objects.count() == 1


@pytest.mark.parametrize("channel", CHANNELS)
def test_ten_sendings_of_one_desk_form(client, liaison, channel):
    form = filled(channel)
    answers = at_once(lambda _number: tab_of(client).post(f"/desk/new/{channel}/", form))
    complaint = there_is_one()
    assert [answer.url for answer in answers] == [f"/desk/registered/{complaint.reference}/"] * TEN
    assert not UnsentForm.objects.exists()


def test_ten_people_entering_one_reference_of_the_regulator(client):
    people = [a_user(Role.LIAISON) for _ in range(TEN)]

    def enter(number):
        own = Client()
        own.force_login(people[number])
        return own.post("/desk/new/regulator/", filled("regulator")).status_code

    assert set(at_once(enter)) <= {302, 422}
    there_is_one()


@pytest.mark.parametrize("same_key", [True, False])
def test_ten_calls_of_the_api(same_key):
    """One key sent ten times; or ten keys of programs that all pass on one reference of the regulator."""
    program = a_program()
    more = {"channel": "regulator", "source": "12398", "source_reference": "12398-1"} if not same_key else {}

    answers = at_once(lambda number: calls(program, {**SAID, **more}, key="crm-1" if same_key else f"crm-{number}"))
    complaint = there_is_one()
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert {answer.json()["reference"] for answer in answers} == {complaint.reference}


@pytest.mark.parametrize("files", [[], [("meter.png", picture())]], ids=["alone", "with a picture"])
def test_ten_deliveries_of_one_mail(files):
    rows = at_once(lambda _number: arrives(written(files=files)).pk)
    assert set(rows) == {InboundMail.objects.get().pk}
    assert there_is_one().attachments.count() == len(files) == Attachment.objects.count()


def test_ten_calls_of_weibo():
    answers = at_once(lambda _number: messenger.says(Client(), "weibo"))
    reference = there_is_one().reference
    assert all(answer.status_code == 200 and reference in answer.json()["data"] for answer in answers)


def test_ten_hand_ins_and_imports_of_one_file_of_the_regulator(client):
    people, data = [a_user(Role.LIAISON) for _ in range(TEN)], batch.as_csv(*[batch.row(n) for n in range(3)])

    def hand_in_and_import(number):
        own = Client()
        own.force_login(people[number])
        url = batch.hand_in(own, data).url
        return own.post(url).status_code

    assert at_once(hand_in_and_import) == [302] * TEN
    assert sorted(Complaint.objects.values_list("source_reference", flat=True)) == ["NEA-0", "NEA-1", "NEA-2"]
    batches = list(RegulatorBatch.objects.all())
    assert (len(batches), sum(one.landed_count for one in batches), sum(one.known_count for one in batches)) == (
        10,
        3,
        27,
    )
    assert not any(one.refused_count for one in batches)


def test_ten_yeses_to_one_file_of_the_regulator(client, liaison):
    url = batch.hand_in(client, batch.as_csv(*[batch.row(n) for n in range(5)])).url
    assert at_once(lambda _number: tab_of(client).post(url).status_code) == [302] * TEN
    assert Complaint.objects.count() == 5
    client.post(url)
    assert RegulatorBatch.objects.get().landed_count == 5


def test_ten_sendings_and_confirmations_of_one_file_of_customers(client):
    an_account()
    before = Customer.objects.count()
    client.force_login(a_user(Role.ADMINISTRATOR))
    data = (HEADER + ROW).encode("gb18030")
    pages = at_once(
        lambda _number: tab_of(client).post("/customers/import/", {"file": SimpleUploadedFile("客户.csv", data)}).url
    )
    assert set(pages) == {f"/customers/import/{CustomerImport.objects.get().pk}/"}
    form = client.get(pages[0]).context["form"]
    said = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    said["into"] = a_branch().pk

    def confirm(_number):
        answer = tab_of(client).post(pages[0], said)
        carry_on_imports()
        return answer.status_code

    assert set(at_once(confirm)) <= {200, 302}
    carry_on_imports()
    assert Customer.objects.count() == before + 1
    assert CustomerImport.objects.get().taken == 1


def test_one_complaint_of_the_regulator_by_its_form_the_api_and_a_file_at_once(client, liaison):
    """Three doors, one reference: whichever is first, there is one."""
    program = a_program()
    by_form = {"source_reference": "NEA-7", "regulator": "12398"}
    by_api = {**SAID, "channel": "regulator", "source": "12398", "source_reference": "NEA-7"}

    def enter(number):
        if number % 3 == 0:
            return tab_of(client).post("/desk/new/regulator/", filled("regulator", **by_form)).status_code
        if number % 3 == 1:
            own = tab_of(client)
            return own.post(batch.hand_in(own, batch.as_csv(batch.row(7))).url).status_code
        return calls(program, by_api, key=f"crm-{number}").status_code

    assert set(at_once(enter)) <= {200, 201, 302, 409, 422}
    there_is_one()
