"""Files that come in: what they are is read from their bytes, pictures are drawn anew."""

import io

import pytest
from PIL import Image

from complaints.attachments import MAX_BYTES, MAX_SIDE, prepare
from complaints.refusals import BadInput


def a_picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30), **more) -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **more)
    out.seek(0)
    return out


def test_a_photo_is_redrawn_smaller_and_without_its_position():
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (39.0, 37.0, 0.0)}
    attachment = prepare(a_picture(size=(4000, 100), exif=exif), name="C:\\photos\\wire.HEIC.jpeg")
    assert (attachment.name, attachment.content_type) == ("wire.HEIC.jpg", "image/jpeg")
    drawn = Image.open(attachment.file)
    assert max(drawn.size) == MAX_SIDE
    assert not drawn.getexif()


@pytest.mark.parametrize(
    ("kind", "content_type"), [("PNG", "image/png"), ("WEBP", "image/jpeg"), ("TIFF", "image/jpeg")]
)
def test_other_pictures_become_png_or_jpeg(kind, content_type):
    assert prepare(a_picture(kind), name="scan").content_type == content_type


def test_a_pdf_is_kept_as_it_is():
    attachment = prepare(io.BytesIO(b"%PDF-1.4\n%%EOF"), name="letter.pdf")
    assert (attachment.content_type, attachment.size) == ("application/pdf", 14)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"MZ\x90\x00" + b"\0" * 200, "neither a photo"),
        (b"<script>alert(1)</script>", "neither a photo"),
        (b"\xff\xd8\xff\xe0" + b"broken" * 20, "cannot be read"),
        (b"x" * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_anything_else_is_refused_with_a_sentence_that_names_it(data, says):
    with pytest.raises(BadInput, match=says) as refused:
        prepare(io.BytesIO(data), name="photo.jpg")
    assert "photo.jpg" in refused.value.message
    assert refused.value.fields == ("files",)
