"""What the tests of the pages share: reading a page, and filling in the form of a move as a person would."""

import html
import io
import re

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from complaints.models import Complaint
from customers.models import Customer
from staff.models import User
from tests.complaints.test_moves import details_for


def text_of(response) -> str:
    return html.unescape(response.content.decode())


def moves_on(response) -> set[str]:
    """The moves that a page offers."""
    return set(re.findall(r'href="[^"]*\?move=(\w+)', response.content.decode()))


def a_photo(name: str = "meter.png", colour: str = "teal") -> SimpleUploadedFile:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(picture, "PNG")
    return SimpleUploadedFile(name, picture.getvalue(), content_type="image/png")


def filled_in(name: str, complaint: Complaint, **more) -> dict:
    """The form of a move, filled in with enough."""
    typed = {key: _typed(value) for key, value in details_for(name, complaint).items()}
    if name == "withdraw":
        typed["evidence"] = "call"
    if name == "attach":
        typed["files"] = a_photo()
    return {"seen": complaint.version, **typed, **more}


def _typed(value) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Complaint):
        return value.reference
    if isinstance(value, User):
        return value.username
    if isinstance(value, Customer):
        return value.number
    return getattr(value, "code", getattr(value, "pk", value))


def move_url(name: str, complaint: Complaint) -> str:
    return reverse("complaints:move", args=[complaint.reference, name])


def post(client, name: str, complaint: Complaint, **more):
    return client.post(move_url(name, complaint), filled_in(name, complaint, **more))
