"""Tariffs: what a bill comes to (`rules`, pure) and the versions in which they are kept (`versions`)."""
