"""Which policy wins when several fit."""

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
