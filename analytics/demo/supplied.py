"""The rows of whoever is supplied: customers, premises, accounts, meters and what they are found by, for any stretch of them."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.demo import network, people
from analytics.demo.rows import line
from customers.models import Account, Customer, Meter, Premise, SearchEntry
from customers.models.search import normal

NUMBER = "D"
"""Every made-up customer's number begins with this."""
CUSTOMERS, PREMISES, ACCOUNTS, METERS, ENTRIES = (
    model._meta.db_table for model in (Customer, Premise, Account, Meter, SearchEntry)
)
COLUMNS = {
    table: columns.split()
    for table, columns in {
        CUSTOMERS: (
            "id number kind name phone phone_digits email address language contact_method branch_id account_manager_id is_key"
            " is_vulnerable vulnerability do_not_contact"
        ),
        PREMISES: "id address transformer_area_id branch_id area_class",
        ACCOUNTS: "id number customer_id premise_id tariff opened_on",
        METERS: "id number account_id installed_on",
        ENTRIES: "customer_id account_id branch_id is_closed name text grams",
    }.items()
}
"""Tables in the order in which they are written; entries only where no trigger writes them."""
TARIFFS = ["居民生活用电", "居民生活用电", "居民生活用电", "居民峰谷电价", "一般工商业用电"]


@dataclass(frozen=True, slots=True)
class Supplied:
    """All customers of the utility, none of them kept in memory. `first` has the first key in each table."""

    shape: network.Shape
    seed: int
    stations: list[int]
    areas: int
    managers: list[int]
    first: dict[str, int]
    with_entries: bool

    def rows(self, stretch: range) -> dict[str, bytes]:
        """Of these customers and all that is theirs, for COPY; the same whoever asks."""
        lines: dict[str, list[str]] = {table: [] for table in COLUMNS}
        for index in stretch:
            station = index % network.STATIONS
            county = network.COUNTY_NAMES[network.county_of(station)][0]
            who = people.customer(index, self.seed, county=county, is_rural=network.area_class(station) != "urban")
            lines[CUSTOMERS].append(self._customer(who))
            self._account(lines, index, who, who.address)
            if people.has_second_account(index):
                number = self.shape.customers + people.second_accounts_before(index)
                self._account(lines, number, who, f"{county}{people.STREETS[index % 24]}{index % 97 + 1}号商铺")
        return {table: "".join([f"{one}\n" for one in found]).encode() for table, found in lines.items()}

    def _customer(self, who: people.Customer) -> str:
        managers = self.managers
        return line(
            (
                self.first[CUSTOMERS] + who.position, f"{NUMBER}{who.position:09d}", who.kind, who.name, who.phone, who.phone,
                who.email, who.address, who.language, who.contact_method, self.stations[who.position % network.STATIONS],
                managers[who.position % len(managers)] if who.is_key and managers else None, who.is_key,
                bool(who.vulnerability), who.vulnerability, who.do_not_contact,
            )
        )  # fmt: skip

    def _account(self, lines: dict[str, list[str]], number: int, who: people.Customer, address: str) -> None:
        """Account so-and-so of all, with its premise and meter."""
        index, station = who.position, who.position % network.STATIONS
        customer, account = self.first[CUSTOMERS] + index, self.first[ACCOUNTS] + number
        branch, meter = self.stations[station], f"M{number:011d}"
        lines[PREMISES].append(
            f"{self.first[PREMISES] + number}\t{address}\t{self.areas + index % self.shape.areas}\t{branch}"
            f"\t{network.area_class(station)}"
        )
        lines[ACCOUNTS].append(
            f"{account}\t{people.account_number(number)}\t{customer}\t{self.first[PREMISES] + number}\t{_tariff(index)}"
            f"\t{2005 + people.mixed(index, 7) % 19}-{people.mixed(index, 8) % 12 + 1:02d}-15"
        )
        lines[METERS].append(
            f"{self.first[METERS] + number}\t{meter}\t{account}\t{2015 + people.mixed(number, 9) % 10}-06-01"
        )
        if self.with_entries:
            name, place = normal(who.name), normal(address)
            numbers = f"{people.account_number(number)} {who.phone} {NUMBER.lower()}{index:09d} {meter.lower()}"
            lines[ENTRIES].append(
                f"{customer}\t{account}\t{branch}\tf\t{name}\t{name} {place} {numbers}\t{grams(name, place)}"
            )


def grams(*words: str) -> str:
    """Characters and pairs of neighbours of each word, as PostgreSQL reads an array; as the database's `customers_grams`."""
    found = {word[start : start + size] for word in words for size in (1, 2) for start in range(len(word) - size + 1)}
    return '{"' + '","'.join(sorted(found)) + '"}'


def _tariff(index: int) -> str:
    return TARIFFS[people.mixed(index, 6) % 5]
