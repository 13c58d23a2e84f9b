"""The disk for files is full: the person is told, what was typed stays, and the complaint itself is taken."""

import io
import sys

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from complaints.models import Complaint
from complaints.store import Unkept, Uploads
from staff.actors import Role
from tests.channels_intake.test_desk_forms import filled
from tests.channels_intake.test_mail import written
from tests.channels_intake.test_public_form import walk
from tests.complaints.test_moves import bring
from tests.factories import a_branch, a_complaint, a_team, a_user
from tests.full_disk import full_disk, large_photo, noise

SAID = "Files cannot be kept just now. Go on without them; you can add them later."


@pytest.fixture(autouse=True)
def english(profile, client):
    a_branch()
    a_team("dispatch")
    client.cookies["language"] = "en"


@pytest.fixture
def files(settings, tmp_path):
    """What lies in the store."""
    settings.MEDIA_ROOT = tmp_path
    return lambda: [path for path in tmp_path.rglob("*") if path.is_file()]


def page(response):
    return response.content.decode()


def test_a_customer_goes_on_without_the_photo(client, files):
    form_id = walk(client, until="photos")
    address = f"/complain/{form_id}/photos/"
    with full_disk():
        refused = client.post(address, {"files": large_photo()})
        assert refused.status_code == 507
        assert refused.context["form"].errors["files"] == [SAID]
        assert files() == [], "no half of a file keeps the disk full"
        client.post(address, {})
        sent = client.post(f"/complain/{form_id}/check/")
    assert sent.url.endswith(f"/received/{Complaint.objects.get().token}/")


def test_a_disk_that_fills_before_it_is_sent_lets_the_customer_choose(client, files):
    form_id = walk(client, photos={"files": large_photo()})
    address = f"/complain/{form_id}/check/"
    with full_disk():
        refused = client.post(address)
        assert refused.status_code == 507
        assert "Not sent yet: your photos cannot be kept" in page(refused)
        assert not Complaint.objects.exists()
        assert len(files()) == 1, "the photo of the draft is still there"
        client.post(address, {"without_files": "1"})
    assert not Complaint.objects.get().attachments.exists()


def test_a_disk_that_has_room_again_takes_the_same_form_with_its_photo(client, files):
    form_id = walk(client, photos={"files": large_photo()})
    with full_disk():
        client.post(f"/complain/{form_id}/check/")
    client.post(f"/complain/{form_id}/check/")
    assert default_storage.size(Complaint.objects.get().attachments.get().file.name) > 200_000


def test_a_colleague_keeps_what_was_typed_and_saves_it_without_the_file(client, files):
    client.force_login(a_user(Role.AGENT))
    said = filled("phone", story="报装三个月没有回音，客户很着急。")
    with full_disk():
        refused = client.post("/desk/new/phone/", said | {"files": large_photo()})
        assert refused.status_code == 507
        assert SAID in page(refused)
        assert "客户很着急" in page(refused)
        assert not Complaint.objects.exists()
        client.post("/desk/new/phone/", said)
    assert Complaint.objects.get().story == said["story"]


def test_a_letter_is_entered_without_its_scan(client, files):
    client.force_login(a_user(Role.LIAISON))
    said = filled("letter")
    with full_disk():
        looked = client.post("/desk/new/letter/", said | {"look_scan": "1", "scan_file": large_photo("brief.png")})
        assert looked.context["form"].errors["scan_file"] == [SAID]
        refused = client.post("/desk/new/letter/", said | {"scan_file": large_photo("brief.png")})
        assert refused.status_code == 507
        assert not Complaint.objects.exists()
        client.post("/desk/new/letter/", said)
    assert Complaint.objects.get().channel == "letter"


def test_a_customer_writes_again_without_the_file(client, files):
    complaint = a_complaint()
    before = complaint.events.count()
    address = f"/track/{complaint.token}/supplement/"
    with full_disk():
        refused = client.post(address, {"message": "还是没电。", "files": large_photo()})
        assert refused.status_code == 507
        assert refused.context["write_form"].errors["files"] == [SAID]
        assert SAID in page(refused)
        assert "还是没电。" in page(refused)
        assert complaint.events.count() == before
        client.post(address, {"message": "还是没电。"})
    assert complaint.events.last().details["message"] == "还是没电。"


def test_a_mail_server_keeps_a_mail_whose_picture_has_no_room(monkeypatch, files):
    raw = written(files=[("pole.png", noise())])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    with full_disk(), pytest.raises(CommandError) as refused:
        call_command("receive_email")
    assert refused.value.returncode == 75
    assert not Complaint.objects.exists()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    call_command("receive_email")
    assert Complaint.objects.get().attachments.count() == 1


def test_a_program_is_told_in_the_one_shape(client, files):
    complaint = bring(a_complaint(), "investigating")
    client.force_login(a_user(Role.SUPERVISOR))
    with full_disk():
        refused = client.post(f"/api/v1/complaints/{complaint.reference}/moves/attach/", {"files": large_photo()})
    assert (refused.status_code, refused.json()) == (
        507,
        {"code": "file_not_kept", "message": SAID, "fields": {"files": [SAID]}},
    )


def test_a_move_with_a_file_is_refused_whole(client, files):
    complaint = bring(a_complaint(), "investigating")
    client.force_login(a_user(Role.SUPERVISOR))
    before = complaint.events.count()
    with full_disk():
        refused = client.post(complaint.get_absolute_url() + "moves/attach/", {"files": large_photo()})
    assert refused.status_code == 507
    assert SAID in page(refused)
    assert complaint.events.count() == before
    assert not complaint.attachments.exists()


# on their way to us, large files lie in the temporary folder


HUGE = 3_000_000
"""More than is kept in memory."""


def huge_photo(name="pole.png"):
    return SimpleUploadedFile(name, noise() + bytes(HUGE))


@pytest.fixture
def temporary(settings, tmp_path):
    """What lies in the temporary folder."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = str(folder)
    return lambda: list(folder.iterdir())


@pytest.fixture(params=["full", "gone"])
def no_room(request, settings, temporary):
    """Nothing of any size can be written there: its disk is full, or it is not there any more."""
    if request.param == "full":
        with full_disk():
            yield
    else:
        settings.FILE_UPLOAD_TEMP_DIR = f"{settings.FILE_UPLOAD_TEMP_DIR}-gone"
        yield
    assert temporary() == [], "no half of a file keeps the disk full"


def test_a_huge_photo_that_finds_no_room_here_is_gone_on_without(client, no_room):
    form_id = walk(client, until="photos")
    address = f"/complain/{form_id}/photos/"
    refused = client.post(address, {"files": huge_photo()})
    assert refused.status_code == 507
    assert SAID in page(refused)
    client.post(address, {})
    client.post(f"/complain/{form_id}/check/")
    assert not Complaint.objects.get().attachments.exists()


def test_a_huge_file_without_room_leaves_a_colleague_what_was_typed(client, no_room):
    client.force_login(a_user(Role.AGENT))
    said = filled("phone", story="报装三个月没有回音，客户很着急。")
    refused = client.post("/desk/new/phone/", said | {"files": huge_photo()})
    assert refused.status_code == 507
    assert SAID in page(refused)
    assert "客户很着急" in page(refused)
    assert not Complaint.objects.exists()


def test_a_huge_scan_without_room_is_said_at_its_field(client, no_room):
    client.force_login(a_user(Role.LIAISON))
    said = filled("letter") | {"scan_file": huge_photo("brief.png")}
    refused = client.post("/desk/new/letter/", said)
    assert refused.status_code == 507
    assert refused.context["form"].errors == {"scan_file": [SAID]}
    assert not Complaint.objects.exists()


def test_a_customer_keeps_what_they_wrote_beside_a_huge_photo(client, no_room):
    complaint = a_complaint()
    before = complaint.events.count()
    refused = client.post(f"/track/{complaint.token}/supplement/", {"message": "还是没电。", "files": huge_photo()})
    assert refused.status_code == 507
    assert SAID in page(refused)
    assert "还是没电。" in page(refused)
    assert complaint.events.count() == before


def test_a_move_with_a_huge_file_without_room_is_refused_whole(client, no_room):
    complaint = bring(a_complaint(), "investigating")
    client.force_login(a_user(Role.SUPERVISOR))
    before = complaint.events.count()
    refused = client.post(complaint.get_absolute_url() + "moves/attach/", {"files": huge_photo()})
    assert refused.status_code == 507
    assert SAID in page(refused)
    assert complaint.events.count() == before


def test_a_sheet_without_room_is_said_at_its_field(client, no_room):
    client.force_login(a_user(Role.SUPERVISOR))
    refused = client.post("/desk/routes/cases/", {"file": huge_photo("cases.csv")})
    assert refused.status_code == 507
    assert SAID in page(refused)


def test_a_program_with_a_huge_file_is_told_in_the_one_shape(client, no_room):
    complaint = bring(a_complaint(), "investigating")
    client.force_login(a_user(Role.SUPERVISOR))
    refused = client.post(f"/api/v1/complaints/{complaint.reference}/moves/attach/", {"files": huge_photo()})
    assert (refused.status_code, refused.json()) == (
        507,
        {"code": "file_not_kept", "message": SAID, "fields": {"files": [SAID]}},
    )
    assert not complaint.attachments.exists()


def test_a_browser_that_hangs_up_before_or_within_a_huge_file_leaves_nothing(temporary):
    uploads = Uploads()
    uploads.upload_interrupted()
    uploads.new_file("files", "pole.png", "image/png", HUGE)
    uploads.receive_data_chunk(noise(), 0)
    assert len(temporary()) == 1
    uploads.upload_interrupted()
    assert temporary() == []


def test_what_is_not_there_is_closed_like_a_file():
    assert Unkept(None, "pole.png").close() is None


def test_with_room_a_huge_file_is_taken_by_way_of_the_temporary_folder(client, files, temporary):
    complaint = bring(a_complaint(), "investigating")
    client.force_login(a_user(Role.SUPERVISOR))
    sent = client.post(complaint.get_absolute_url() + "moves/attach/", {"files": large_photo("pole.png", side=1100)})
    assert sent.status_code == 302
    assert complaint.attachments.get().size > HUGE
    assert temporary() == []
