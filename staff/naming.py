"""Two-language names: one mixin for every row that an administrator names in Chinese and in English."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Named(models.Model):
    """A row with a Chinese and an English name; `name` is the one for the language in use."""

    name_zh = models.CharField(_("name in Chinese"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return str(getattr(self, name_field()))


def name_field() -> str:
    """The column with the name for the language in use."""
    return "name_zh" if (get_language() or "").startswith("zh") else "name_en"
