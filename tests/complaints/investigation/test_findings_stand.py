"""What was found stands: the database itself refuses to change or delete it; a measurement may be withdrawn, once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from complaints.models import VoltageFinding, VoltageSeries, VoltageTest
from complaints.models.append_only import HistoryIsPermanent
from staff.actors import Role
from tests.factories import MONDAY, a_complaint, a_user

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]


def a_test(**fields):
    who = a_user(Role.INVESTIGATOR)
    values = {
        "complaint": a_complaint("VOL-01"),
        "instrument": "记录仪",
        "point": "表后",
        "nominal": 220,
        "limits": {},
        "zero_at": MONDAY,
        "began_at": MONDAY,
        "ended_at": MONDAY + timedelta(days=7),
        "judged": {},
        "verdict": "within",
        "entered_by": who,
        **fields,
    }
    return VoltageTest.objects.create(**values)


def refused_by_the_database(sql, *values):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
    return True


def test_a_measurement_is_withdrawn_but_never_changed():
    test = a_test()
    with pytest.raises(HistoryIsPermanent):
        test.save()
    with pytest.raises(HistoryIsPermanent):
        test.delete()
    assert refused_by_the_database("UPDATE complaints_voltagetest SET verdict = 'outside' WHERE id = %s", test.pk)
    assert refused_by_the_database("DELETE FROM complaints_voltagetest WHERE id = %s", test.pk)
    test.withdrawn_at, test.withdrawn_by, test.withdrawn_because = timezone.now(), test.entered_by, "接错相"
    test.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_because"])
    assert not VoltageTest.objects.standing().exists()
    again = "UPDATE complaints_voltagetest SET withdrawn_because = 'x' WHERE id = %s"
    assert refused_by_the_database(again, test.pk)


def test_readings_and_findings_are_never_changed():
    test = a_test()
    series = VoltageSeries.objects.create(test=test, phase="A", seconds=[0, 60], volts=[22000, 21000])
    finding = VoltageFinding.objects.create(complaint=test.complaint, entered_by=test.entered_by)
    for row in (series, finding):
        assert refused_by_the_database(f"DELETE FROM {row._meta.db_table} WHERE id = %s", row.pk)
    assert VoltageSeries.objects.get().readings == [(0, 22000), (60, 21000)]


@pytest.mark.parametrize("seconds", [[], [0, 60, 120]])
def test_every_second_has_its_voltage(seconds):
    test = a_test()
    with pytest.raises(IntegrityError), transaction.atomic():
        VoltageSeries.objects.create(test=test, phase="A", seconds=seconds, volts=[22000, 21000])
