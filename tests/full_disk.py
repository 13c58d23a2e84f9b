"""A disk that takes no more, without being root: the kernel lets this process write no file longer than a limit."""

import contextlib
import io
import random
import resource

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

LIMIT = 100_000
"""Longer than what logs and forms need, shorter than the picture."""


@contextlib.contextmanager
def full_disk():
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def noise(side=300, seed=1):
    """The bytes of a picture that cannot be made small."""
    out = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(seed).randbytes(side * side * 3)).save(out, "PNG")
    return out.getvalue()


def large_photo(name="pole.png", side=300):
    return SimpleUploadedFile(name, noise(side))
