"""What tests of single reports share: a look at a table, and at the list behind each of its numbers."""

from math import ceil

from tests.analytics.test_reports import MARCH, how_many, linked_numbers


def wrong_lists(desk, user, name, **filters):
    """The lists of a report that have another number of rows than the number that opens them; at least one is opened."""
    response = desk.get(f"/reports/{name}/", {**MARCH, **filters})
    assert response.status_code == 200
    opened = {address: number for address, number in linked_numbers(response) if f"/reports/{name}/list/" in address}
    assert opened
    assert not [cell for cell in linkable(response.context["findings"]) if cell.raw and not cell.href]
    counted = {address: how_many(desk, user, address) for address in opened}
    return {address: (number, counted[address]) for address, number in opened.items() if counted[address] != number}


def linkable(findings):
    """Cells of the columns in which some number opens a list: there every number must. The first column has names."""
    for table in findings.tables:
        _names, *columns = zip(*table.rows, *([table.total] if table.total else []), strict=True)
        for column in columns:
            if any(cell.href for cell in column):
                yield from column


def row(table, name):
    return next([cell.raw for cell in line][1:] for line in table.rows if line[0].raw == name)


def total(table):
    return [cell.raw for cell in table.total][1:]


def nearest_rank(values, share):
    return sorted(values)[ceil(share * len(values)) - 1]
