"""What every cleaning rule keeps to: it names what it rejects, remembers only what came before, judges any rows."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trading_ml.core.instruments import Instrument
from trading_ml.core.params import Params
from trading_ml.core.time import NS, SECOND
from trading_ml.ticks.rules import RULES, Choice, Rule, chosen, judged

NEEDED: dict[str, dict[str, Any]] = {
    "qualifiers": {"marks": ["XT"]},
    "unit_slip": {"ticks": 5, "at_least": 2},
    "outlier": {"ticks": 3},
    "one_sided": {"carry": True},
    "crossed": {"locked": True},
}
"""Parameters where a rule cannot do without, or with which it remembers most."""
OPEN = 1_688_367_600 * SECOND  # Monday 3 July 2023, 08:00 in London, one hour before

prices = st.sampled_from([0.0, -37.63, 19.97, 20.1, 1995.5, 1997.0, 2003.0, 2031.0, 5000.0])
sides = st.sampled_from([None, 0.0, 99.0, 100.0, 101.0])
sizes = st.sampled_from([None, 0.0, 1.0, 500.0])
rows = st.lists(
    st.fixed_dictionaries(
        {
            "gap": st.sampled_from([0, 1, 7, 3600]), "price": prices, "size": st.sampled_from([-1.0, 0.0, 5.0]),
            "conditions": st.sampled_from([None, "", "CAN[IRGCOND]", "OFF[IRGCOND]", "XT", "ODD[IRGCOND]"]),
            "bid": sides, "ask": sides, "bid_size": sizes, "ask_size": sizes,
        }
    ),
    max_size=40,
)  # fmt: skip


def frame(kind: str, given: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of one kind, in order from before London's open on."""
    quoted = dict.fromkeys(("bid", "ask", "bid_size", "ask_size"), pl.Float64)
    traded = {"price": pl.Float64, "size": pl.Float64, "conditions": pl.String}
    schema = {"gap": pl.Int64, **(quoted if kind == "quotes" else traded)}
    ticks = pl.DataFrame([{name: row[name] for name in schema} for row in given], schema=schema)
    stamps = pl.col("gap").cum_sum() * SECOND + OPEN - 2 * 3600 * SECOND
    return ticks.with_columns(ts_event=stamps.cast(NS)).drop("gap")


def choices(*rules: str, kind: str) -> tuple[Choice, ...]:
    uses = [{name: NEEDED[name]} if name in NEEDED else name for name in rules]
    facts = {"source": "lseg", "symbol": "ABF.L", "calendar": "XLON", "rules": uses}
    return chosen(Instrument.parse(facts, "by hand"), kind)


CASES = [pytest.param(rule, kind, id=f"{rule.name}-{kind}") for rule in RULES.values() for kind in rule.kinds]
CAUSAL = [name for name, rule in RULES.items() if rule.causal]


def looks_ahead(picked: tuple[Choice, ...], ticks: pl.DataFrame) -> bool:
    """Whether some row would have been judged otherwise had the rows after it not come."""
    whole = judged(ticks, picked)
    return any(not judged(ticks[:cut], picked).equals(whole[:cut]) for cut in range(ticks.height))


@pytest.mark.parametrize("kind", ["trades", "quotes"])
@given(rows, st.permutations(CAUSAL))
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_causal_rules_together_never_look_ahead(kind: str, given: list[dict[str, Any]], order: list[str]) -> None:
    assert not looks_ahead(choices(*order, kind=kind), frame(kind, given))


@pytest.mark.parametrize(("rule", "kind"), CASES)
@given(rows)
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_each_rule_judges_any_rows_and_names_what_it_rejects(
    rule: Rule, kind: str, given: list[dict[str, Any]]
) -> None:
    ticks, picked = frame(kind, given), choices(rule.name, kind=kind)
    after = judged(ticks, picked)
    assert after.height == ticks.height
    assert set(after["excluded_by"]) <= {None, rule.name}
    repaired = set(rule.repairs(picked[0].params))
    assert after.drop(repaired & set(after.columns), "excluded_by").equals(ticks.drop(repaired & set(ticks.columns)))
    if rule.causal:
        assert not looks_ahead(picked, ticks)


@pytest.mark.parametrize(("rule", "kind"), CASES)
def test_each_rule_finds_something(rule: Rule, kind: str) -> None:
    """A rule that rejects nothing of these rows would pass every other test here."""
    usual = {"gap": 3600, "price": 2000.0, "size": 5.0, "conditions": None, "bid": 99.0, "ask": 101.0}
    usual |= {"bid_size": 1.0, "ask_size": 1.0}
    wrong = {
        "cancelled": {"conditions": "CAN[IRGCOND]"}, "corrected": {"conditions": "AMD"},
        "off_market": {"conditions": "OFF"}, "odd_lot": {"conditions": "ODT[IRGCOND]"},
        "irregular": {"conditions": "@  W[GV4_TEXT]"}, "late_report": {"conditions": "Z[LSTSALCOND]"},
        "qualifiers": {"conditions": "AC XT"}, "zero_or_negative_size": {"size": 0.0}, "unit_slip": {"price": 20.1},
        "outlier": {"price": 2500.0}, "session": {"gap": 12 * 3600}, "crossed": {"bid": 102.0},
        "one_sided": {"bid": None, "ask": None},
    }  # fmt: skip
    picked = choices(rule.name, kind=kind)
    ticks = frame(kind, [*[usual] * 6, usual | wrong[rule.name]])
    reasons = judged(ticks, picked)["excluded_by"].to_list()
    assert reasons[-1] == rule.name
    assert reasons[3:-1] == [None] * 3


def test_the_test_for_look_ahead_sees_it() -> None:
    class Nothing(Params):
        pass

    peeks = Rule(
        "peeks", "the next price is lower", Nothing, lambda _: pl.col("price") > pl.col("price").shift(-1), True
    )
    ticks = pl.DataFrame({"price": [1.0, 3.0, 2.0]})
    assert looks_ahead((Choice(peeks, Nothing()),), ticks)


def test_a_causal_rule_sees_what_only_hindsight_rejects() -> None:
    """The misprint was cancelled later; at its time it was on the tape, and in every median."""
    prices = [2000.0, 2001.0, 20.0, 20.0, 20.0, 2000.0]
    marks = [None, None, "CXL", "CXL", "CXL", None]
    ticks = pl.DataFrame({"price": prices, "conditions": marks})
    facts = {"source": "lseg", "symbol": "X", "rules": ["default", {"unit_slip": {"ticks": 3}}]}
    reasons = judged(ticks, chosen(Instrument.parse(facts, "by hand"), "trades"))["excluded_by"].to_list()
    assert reasons == [None, None, "cancelled", "cancelled", "cancelled", "unit_slip"]
