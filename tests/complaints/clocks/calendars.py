"""The calendars that the tables and properties speak of; the Chinese ones are those of the default profile."""

from django.conf import settings

from complaints.clocks.calendars import WorkingCalendar
from complaints.profiles.reading import read

PROFILES = settings.BASE_DIR / "profiles"
WORKDAYS = ("mon", "tue", "wed", "thu", "fri")


def rules(timezone: str, **week: list) -> WorkingCalendar:
    return WorkingCalendar.from_rules("test", 1, {"timezone": timezone, "week": week})


def of_profile(name: str) -> dict[str, WorkingCalendar]:
    return {
        row["code"]: WorkingCalendar.from_rules(row["code"], 1, row["rules"]) for row in read(PROFILES / name).calendars
    }


CALENDARS = {
    **of_profile("generic"),
    **of_profile("cn-95598"),
    "night": rules("Asia/Shanghai", **{day: [["22:00", "06:00"]] for day in WORKDAYS}),
    "ny-night": rules("America/New_York", sat=[["22:00", "06:00"]], sun=[["22:00", "24:00"]]),
}
