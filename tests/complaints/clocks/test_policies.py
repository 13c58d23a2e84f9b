"""Which policy wins when several fit."""

from datetime import UTC, datetime

from complaints.clocks.policies import NO_PROMISE, RANKED, Facts, Promise, Rule, applicable, promises_for

COMPLAINT = Facts(**dict.fromkeys(RANKED, "x"))


def rule(code: str, *names: str, **limits: str) -> Rule:
    promises = tuple(Promise(kind, "", limit, policy=code) for kind, limit in limits.items())
    return Rule(code, 1, {name: frozenset({"x"}) for name in names}, promises)


def test_severity_outranks_everything_else_together():
    severe, exact = rule("severe", "severity"), rule("exact", *RANKED[1:])
    assert applicable([exact, severe], COMPLAINT) == [severe, exact]


def test_each_fact_outranks_all_lesser_ones():
    rules = [rule(f"only {name}", name) for name in RANKED]
    assert applicable(reversed(rules), COMPLAINT) == rules
    for place, name in enumerate(RANKED[:-1]):
        lesser = rule("all lesser", *RANKED[place + 1 :])
        assert applicable([lesser, rule("one", name)], COMPLAINT)[0].code == "one"


def test_of_equals_the_one_that_names_more_wins_and_then_the_code():
    b, a, narrow = rule("b", "category"), rule("a", "category"), rule("c", "category", "area")
    assert applicable([b, a, narrow], COMPLAINT) == [narrow, a, b]


def test_each_clock_has_the_promise_of_the_most_specific_policy_that_speaks_of_it():
    rules = [
        rule("any", dispatch="20min", resolve="4wd", feedback="1wd"),
        rule("safety", "category", resolve="2wd", feedback=NO_PROMISE),
    ]
    found = {promise.kind: (promise.policy, promise.limit) for promise in promises_for(rules, COMPLAINT)}
    assert found == {"dispatch": ("any", "20min"), "resolve": ("safety", "2wd")}


def test_a_policy_for_others_does_not_apply():
    assert applicable([rule("safety", "category")], Facts(category="y")) == []


def statutory(code: str, limit: str, **match) -> Rule:
    match = {name: frozenset([value]) for name, value in match.items()}
    return Rule(code, 1, match, (Promise("resolve", "statutory", limit, policy=code),))


def test_of_the_laws_limits_the_earliest_wins_though_a_longer_one_is_more_specific():
    rules = [statutory("by-channel", "7cd", channel="regulator"), statutory("by-category", "30cd", category="BIL")]
    (won,) = promises_for(rules, Facts(channel="regulator", category="BIL"))
    assert won.policy == "by-channel"


def test_a_law_for_the_special_case_stands_for_the_general_one_though_it_gives_longer():
    rules = [statutory("any", "10wd"), statutory("petition", "60cd", source="petition", channel="letter")]
    (won,) = promises_for(rules, Facts(channel="letter", source="petition"))
    assert won.policy == "petition"


def test_no_limit_by_law_for_a_special_case_leaves_those_of_other_laws():
    rules = [
        statutory("any", "10wd"),
        statutory("enquiry", "-", request_type="enquiry"),
        statutory("regulator", "15wd", channel="regulator"),
    ]
    assert promises_for(rules, Facts(request_type="enquiry")) == ()
    (won,) = promises_for(rules, Facts(request_type="enquiry", channel="regulator"))
    assert won.policy == "regulator"


def test_which_of_two_laws_is_earlier_depends_on_the_day():
    rules = [statutory("days", "7cd", channel="regulator"), statutory("hours", "100h", category="BIL")]
    facts = Facts(channel="regulator", category="BIL")
    later_first = {"days": datetime(2026, 3, 1, tzinfo=UTC), "hours": datetime(2026, 3, 2, tzinfo=UTC)}
    (won,) = promises_for(rules, facts, due=lambda promise: later_first[promise.policy])
    assert won.policy == "days"
    assert promises_for(rules, facts)[0].policy == "hours"
