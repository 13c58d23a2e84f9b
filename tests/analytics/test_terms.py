"""The terms of stories: what is kept, what is nobody's business, and how they are counted per day and branch."""

from datetime import timedelta

import pytest
from django.utils import timezone

from analytics.models import ComplaintTerms, TermChange, TermDay
from analytics.signals.rising import discoveries, g2, p_value
from analytics.terms import counting
from analytics.terms.words import terms
from complaints import workflow
from complaints.models import Complaint, RequestType
from staff.actors import Actor, Role
from tests.at_once import at_once
from tests.factories import MONDAY, a_branch, a_complaint, a_user

DAY = MONDAY.date()


def test_words_of_the_trade_are_taken_whole():
    assert {"台区", "表箱", "跳闸", "电压低"} <= set(terms("我家台区的表箱跳闸三次，电压低。"))
    assert {"meter", "sparks"} <= set(terms("The METER sparks when I call."))


def test_names_numbers_addresses_and_common_words_are_left_out():
    found = terms("张建国先生住和平路12号3栋，电话13800001234，昨晚我们反映问题，表箱冒烟。", ["张建国", "和平路"])
    assert found == ["冒烟", "表箱"]
    assert terms("Mrs Ellington says the cable burns", ["Ellington"]) == ["burns", "cable", "mrs"]


def test_the_ratio_is_the_textbooks():
    """Dunning's G² of the table 10 of 100 against 10 of 1000, by hand: 2 Σ O ln(O/E) = 22.91."""
    assert round(g2(10, 100, 10, 1000), 2) == 22.91
    assert g2(5, 100, 50, 1000) == pytest.approx(0)
    assert p_value(3.841) == pytest.approx(0.05, abs=1e-4)


def test_of_many_tests_only_what_is_strong_enough_for_all_counts():
    assert discoveries([0.001, 0.02, 0.03, 0.9], rate=0.05) == 0.03
    assert discoveries([0.04, 0.5, 0.6, 0.9], rate=0.05) < 0
    assert discoveries([]) < 0


def counted():
    return {(row.day, row.branch.code, row.term): row.n for row in TermDay.objects.select_related("branch")}


@pytest.mark.django_db
@pytest.mark.usefixtures("profile")
class TestCounting:
    def test_a_complaint_adds_its_terms_and_takes_them_back_when_it_changes(self):
        north = a_branch("north", a_branch())
        one = a_complaint(story="表箱冒烟，跳闸。", branch=north)
        counting.count(MONDAY)
        assert counted() == {(DAY, "north", term): 1 for term in ("", "表箱", "冒烟", "跳闸")}
        assert not TermChange.objects.exists()
        Complaint.objects.filter(pk=one.pk).update(story="电压低。")
        counting.count(MONDAY)
        assert counted() == {(DAY, "north", term): 1 for term in ("", "电压低")}

    def test_counting_again_changes_nothing(self):
        a_complaint(story="表箱冒烟。")
        counting.count(MONDAY)
        before = counted()
        TermChange.objects.create(complaint_id=Complaint.objects.get().pk, xact=1)
        assert counting.count(MONDAY) == 1
        assert counting.count(MONDAY) == 0
        assert counted() == before

    def test_moves_that_change_no_words_note_nothing(self):
        one = a_complaint()
        counting.count(MONDAY)
        workflow.perform("urge", one, by=Actor.staff(a_user(Role.AGENT)), at=MONDAY + timedelta(hours=1))
        assert not TermChange.objects.exists()

    def test_duplicates_enquiries_and_reports_of_wrongdoing_are_not_counted(self):
        supervisor = Actor.staff(a_user(Role.SUPERVISOR))
        one, other = a_complaint(story="表箱冒烟。"), a_complaint(story="电杆断线。")
        a_complaint(story="电价咨询", request_type=RequestType.ENQUIRY)
        a_complaint(story="窃电", request_type=RequestType.REPORT)
        workflow.perform("merge", other, by=supervisor, at=MONDAY + timedelta(hours=1), into=one)
        counting.count(MONDAY)
        assert {term for _day, _branch, term in counted()} == {"", "表箱", "冒烟"}

    def test_only_recent_days_are_kept(self):
        a_complaint(story="表箱冒烟。")
        counting.count(MONDAY)
        counting.count(MONDAY + timedelta(days=counting.KEPT_DAYS + 1))
        assert not TermDay.objects.exists()
        assert not ComplaintTerms.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("profile")
def test_two_workers_count_each_complaint_once():
    for _one in range(3):
        a_complaint(story="表箱冒烟。")
    at_once(lambda _number: counting.count(MONDAY), times=3)
    assert counted()[timezone.localdate(MONDAY), "company", "冒烟"] == 3
