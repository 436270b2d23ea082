"""Rules for group candidates: what they say of a cluster, and what is said of bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui import Session
from phygui.analysis import Metric
from phygui.curation.suggestions.grouping.group_rules import (
    DEFAULTS,
    ReadyRule,
    Rule,
    RuleError,
    Verdict,
    ready,
    rules_told,
    told_rules,
)
from phygui.simulate import make_demo


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("rules")
    demo = make_demo(folder, n_spikes=2_000, n_clusters=6, n_channels=8, duration=20.0, seed=2)
    with Session.open(demo.kwik_path, read_only=True) as opened:
        yield opened


@pytest.fixture
def metrics(session: Session):
    """Metrics of the first cluster, which a test sets as it likes."""
    known = session.knowledge.metrics
    known.clear()
    known[first(session)] = {}
    yield known[first(session)]
    known.clear()


def first(session: Session) -> int:
    return int(session.cluster_ids[0])


def judged(session: Session, expression: str) -> Verdict:
    [rule], problems = ready([Rule("noise", expression)], session)
    assert not problems
    return rule.judge(session, first(session))


def test_reasons_are_in_words(session: Session, metrics: dict) -> None:
    metrics |= {
        "snr": Metric(0.87),
        "violation_rate": Metric(0.0612),
        "n_violations": Metric(1234.0),
        "isolation_distance": Metric(1.449),
        "presence_ratio": Metric(0.5),
    }
    n = len(session.spikes_per_cluster[first(session)])
    for expression, *reasons in (
        ("snr < 1.5", "SNR 0.9 is below 1.5"),
        ("1.5 > SNR", "SNR 0.9 is below 1.5"),
        ("viol. >= 5%", "violations 6.12% is at least 5%"),
        ("violations > 5%", "violations 6.12% is above 5%"),
        ("Number of violations > 9", "number of violations 1234 is above 9"),
        ("violation_rate > 0.05", "violations 6.12% is above 5%"),
        ("n_violations >= 10", "number of violations 1234 is at least 10"),
        # Rounded like the column it would be 1.4.
        ("isolation_distance > 1.4", "isolation distance 1.449 is above 1.4"),
        ("snr < 1 and pres. <= 50%", "SNR 0.9 is below 1", "presence 50% is at most 50%"),
        # Of two ways in, the one that is gone.
        ("snr > 3 or violation_rate > 5%", "violations 6.12% is above 5%"),
        ("0.5 < snr < 1", "SNR 0.9 is above 0.5", "SNR 0.9 is below 1"),
        ("n_spikes > 20", f"number of spikes {n} is above 20"),
        ('group == "unsorted"', "cluster group unsorted is unsorted"),
        ('group in ["unsorted", "good"]', None),
        ("violation_rate * n_spikes > 3", None),
        ("not snr > 2", "not snr > 2 holds"),
    ):
        verdict = judged(session, expression)
        assert not verdict.is_pending
        if reasons != [None]:
            assert verdict.reasons == tuple(reasons), expression
        else:
            assert len(verdict.reasons) == 1
    assert (
        judged(session, "violation_rate * n_spikes > 3")
        .reasons[0]
        .startswith("violation_rate * n_spikes ")
    )
    assert judged(session, "snr < 0.5") == Verdict()


def test_what_is_not_computed_yet_is_pending_and_what_has_no_value_is_not(
    session: Session, metrics: dict
) -> None:
    assert judged(session, "snr < 1.5") == Verdict(is_pending=True)
    assert judged(session, "amplitude < 30").is_pending
    metrics["snr"] = Metric(float("nan"), "there is no raw data")
    assert judged(session, "snr < 1.5") == Verdict()
    assert judged(session, "snr == None").reasons
    # What numbers alone tell is known at once.
    assert judged(session, "firing_rate > 0").reasons


def test_a_rule_that_makes_no_sense_for_a_value_is_passed_over(
    session: Session, metrics: dict
) -> None:
    metrics["snr"] = Metric(2.0)
    assert judged(session, "1 / (snr - 2) > 0") == Verdict()


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "a rule needs an expression, such as snr < 1"),
        ("  ", "a rule needs an expression"),
        ("snrr < 1.5", "no column snrr; did you mean snr?"),
        ("snr < ", "not an expression"),
        ("snr", "a rule compares a column with a number"),
        ("1 < 2", "a rule compares a column with a number, as snr < 1 does; '1 < 2' does not"),
        ("snr = 1", "write '==' to compare, instead of '='"),
        ('snr < "a"', "cannot be compared"),
        ("snr < 1 and group < 3", "cannot be compared"),
        ("snr ** 9 > 1", "only comparisons of columns are possible"),
        ("exit() < 1", "only comparisons of columns are possible"),
        ("similarity > 0.5", "no column similarity"),
        ("snr < 1" + " and snr < 1" * 99, "longer than"),
    ],
)
def test_what_is_wrong_with_a_rule_is_one_sentence(
    session: Session, expression: str, words: str
) -> None:
    rules, problems = ready([Rule("mua", expression)], session)
    assert rules == []
    [problem] = problems.values()
    assert words in problem
    assert "\n" not in problem


@given(st.text(max_size=40) | st.sampled_from([d.expression for d in DEFAULTS]))
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    from phygui.curation.navigation.columns import columns

    known = {column.name: column for column in columns()}
    try:
        ReadyRule(Rule("noise", text), known)
    except RuleError as error:
        refusal = str(error)
        assert refusal


def test_rules_in_settings() -> None:
    assert rules_told(told_rules(DEFAULTS)) == DEFAULTS
    assert rules_told([]) == ()
    for odd in (None, "x", [["noise"]], [["good", "snr > 1"]], [["noise", 3]], [{}], [[]] * 101):
        assert rules_told(odd) is None


def test_the_defaults_make_sense(session: Session) -> None:
    rules, problems = ready(DEFAULTS, session)
    assert len(rules) == len(DEFAULTS)
    assert problems == {}
    assert all(rule.follows_spikes for rule in rules)


def test_documentation_tells_the_defaults() -> None:
    page = (Path(__file__).parents[4] / "docs" / "suggestions.md").read_text("utf-8")
    for rule in DEFAULTS:
        assert f"`{rule.expression}`" in page
