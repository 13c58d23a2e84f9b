"""Files of a complaint are handed out to those who may see it, in a form that a browser cannot be fooled with."""

import pytest
from django.urls import reverse

from complaints import workflow
from complaints.models import Attachment, Complaint
from complaints.states import Status
from staff.actors import THE_CUSTOMER, Actor, Role
from tests.complaints.test_moves import a_file, bring
from tests.factories import a_branch, a_complaint, a_user

pytestmark = pytest.mark.usefixtures("profile", "monday_morning")


def with_file(*, by: Actor) -> Attachment:
    complaint = bring(a_complaint(), Status.INVESTIGATING)
    workflow.perform("attach", complaint, by=by, files=[a_file()])
    return complaint.attachments.get()


def desk_url(file: Attachment, complaint: Complaint | None = None) -> str:
    return reverse("complaints:attachment", args=[(complaint or file.complaint).reference, file.uuid])


def customer_url(file: Attachment, complaint: Complaint | None = None) -> str:
    return reverse("complaints:track-file", args=[(complaint or file.complaint).token, file.uuid])


def test_a_picture_is_shown_in_place_and_cannot_be_taken_for_anything_else(reader, sign_in):
    file = with_file(by=THE_CUSTOMER)
    sign_in(Role.INVESTIGATOR)
    response = reader.get(desk_url(file))
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("image/")
    assert response.headers["Content-Disposition"].startswith("inline")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "private" in response.headers["Cache-Control"]
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.getvalue()


def test_out_of_scope_the_file_does_not_exist(reader, sign_in):
    file = with_file(by=THE_CUSTOMER)
    assert reader.get(desk_url(file)).status_code == 302
    sign_in(Role.SUPERVISOR, branch=a_branch("west", parent=a_branch()))
    assert reader.get(desk_url(file)).status_code == 404


def test_the_customer_gets_what_the_customer_sent_and_nothing_else(reader):
    theirs = with_file(by=THE_CUSTOMER)
    ours = with_file(by=Actor.staff(a_user(Role.AGENT)))
    response = reader.get(customer_url(theirs))
    assert response.status_code == 200
    assert response.getvalue()
    assert reader.get(customer_url(ours)).status_code == 404


def test_a_file_is_found_only_by_its_own_complaint(reader, sign_in):
    one, other = with_file(by=THE_CUSTOMER), with_file(by=THE_CUSTOMER)
    assert reader.get(customer_url(one, other.complaint)).status_code == 404
    sign_in()
    assert reader.get(desk_url(one, other.complaint)).status_code == 404
