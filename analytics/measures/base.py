"""What a definition of a figure consists of, and the units in which figures are."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Measure:
    """What a figure is, for people who must be able to compute it again.

    `numerator` is what is counted or measured, `denominator` what it is divided by ("" for what is no ratio), `exclusions`
    what is in neither, `remark` how it is to be read. `source` is the paragraph of the standard or rule it follows, "" where
    it is our own. `series` is where its numbers come from; a figure without one is read from its own rows when asked.
    """

    code: str
    name: LazyText
    unit: LazyText
    formula: LazyText
    numerator: LazyText
    denominator: LazyText | str = ""
    exclusions: LazyText | str = ""
    remark: LazyText | str = ""
    source: LazyText | str = ""
    series: str = ""

    @property
    def lines(self) -> list[tuple[LazyText, LazyText | str]]:
        """The fields that say something, each with its label, in the order in which they are read."""
        labelled = [
            (_("Unit"), self.unit),
            (_("Formula"), self.formula),
            (_("Numerator") if self.denominator else _("What is counted"), self.numerator),
            (_("Denominator"), self.denominator),
            (_("Left out"), self.exclusions),
            (_("How to read it"), self.remark),
            (_("Source"), self.source),
        ]
        return [(label, text) for label, text in labelled if text]


COMPLAINTS, ANSWERS, SHARE, PROMISES = _("complaints"), _("answers"), _("per cent"), _("deadlines")
FINDINGS, COACHING = _("findings"), _("coaching actions")
DURATION = _("hours: median and 90th percentile")
