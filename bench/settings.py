"""The product's settings, with the addresses of the least pages beside its own and costs told to whoever asks for them."""

from __future__ import annotations

from config.settings import *  # noqa: F403  the product as it is
from config.settings import MIDDLEWARE as OF_THE_PRODUCT

MIDDLEWARE = ["bench.counting.CountingMiddleware", *OF_THE_PRODUCT]
ROOT_URLCONF = "bench.minimal"
