"""The made-up utility's shape: county units, stations, feeders and transformer areas, by plain arithmetic on numbers.

Customer i hangs on area i mod A, feeder i mod F and station i mod 60 (F is a multiple of 60, A of F), so whoever needs a
customer on a given feeder, or the feeder of a given customer, computes it.
"""

from __future__ import annotations

from dataclasses import dataclass

STATIONS = 60
COUNTIES = 8
LARGEST = 1_200_000
"""Customers of the whole utility (domain reference, 11.1)."""
COUNTY_NAMES = [
    ("城中区", "Central"), ("东湖区", "East Lake"), ("清溪县", "Qingxi"), ("石泉县", "Shiquan"),
    ("柳林县", "Liulin"), ("云岭县", "Yunling"), ("白沙县", "Baisha"), ("双桥县", "Shuangqiao"),
]  # fmt: skip
STATION_NAMES = [
    ("城关", "Chengguan"), ("东门", "Dongmen"), ("河口", "Hekou"), ("青山", "Qingshan"), ("新桥", "Xinqiao"),
    ("龙泉", "Longquan"), ("沙洲", "Shazhou"), ("高岭", "Gaoling"),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the utility is."""

    customers: int
    feeders: int
    areas: int

    @classmethod
    def for_customers(cls, customers: int) -> Shape:
        """The reference utility has 1.2 million customers, 400 feeders and 14,000 transformer areas; ours in proportion."""
        feeders = STATIONS * max(2, round(customers / LARGEST * 7))
        areas = feeders * max(2, round(customers / 86 / feeders))
        return cls(customers, feeders, areas)

    @property
    def substations(self) -> int:
        return STATIONS


def county_of(station: int) -> int:
    return station % COUNTIES


def area_class(station: int) -> str:
    """Of a county's stations the first are in town, the last up in the hills."""
    place = station // COUNTIES
    if county_of(station) < 2:
        return "urban" if place < 6 else "rural"
    return "urban" if place < 2 else "remote" if place == 7 else "rural"


def county_code(root: str, county: int) -> str:
    return f"{root}{county + 1:02d}"


def station_code(root: str, station: int) -> str:
    return f"{county_code(root, county_of(station))}{station // COUNTIES + 1:02d}"
