"""Cleaning rules: marks are recognised as the source writes them, and nothing else is."""

from __future__ import annotations

import polars as pl
import pytest

from trading_ml.adapters.simulated import QUALIFIERS
from trading_ml.ticks import rules
from trading_ml.ticks.rules import RULES, VOCABULARY, Choice, Marked, chosen, excluded_by, marked, rules_digest


def verdicts(source: str, *conditions: str | None) -> list[str | None]:
    frame = pl.DataFrame({"conditions": conditions}, schema={"conditions": pl.String})
    return frame.select(excluded_by(chosen(source, "trades"))).to_series().to_list()


@pytest.mark.parametrize("source", ["lseg", "simulated"])
@pytest.mark.parametrize(
    ("conditions", "rule"),
    [
        ("CXL[PRC_QL3]", "cancelled"),
        ("CAN[IRGCOND]", "cancelled"),
        ("REV[PRC_QL2]", "cancelled"),
        ("   [ACT_FLAG1]; CXL [PRC_QL_CD];Q[GV3_FLAG]", "cancelled"),
        ('"CXL  "[PRC_QL_CD]', "cancelled"),
        ("AMD[PRC_QL3]", "corrected"),
        ("COR[IRGCOND];ODD[IRGCOND]", "corrected"),
        ("ODD[IRGCOND];OFF[IRGCOND]", "off_market"),
        ("OTC[PRC_QL2]", "off_market"),
        ("OFFBK[IRGCOND]", "off_market"),
        ("CAN[IRGCOND];OFF[IRGCOND]", "cancelled"),
    ],
)
def test_marked_trades_are_excluded_by_name(source: str, conditions: str, rule: str) -> None:
    assert verdicts(source, conditions) == [rule]


@pytest.mark.parametrize(
    "conditions",
    [
        None,
        "",
        "ODD[IRGCOND];Q[GV3_FLAG]",
        "  T   [GV4_TEXT];131[IRGCOND];NBL[PRC_QL2]",
        "COR[PRC_QL_CD]",  # Stockholm: company report
        "REV[GV3_TEXT]",
        "SCAN[IRGCOND]",
        "CANX[IRGCOND]",
        "O [CAN]",
        "OFFER[GV1_TEXT]",
    ],
)
def test_other_marks_are_left_alone(conditions: str | None) -> None:
    assert verdicts("lseg", conditions) == [None]


def test_the_simulated_exchange_and_the_rules_speak_the_same_language() -> None:
    marks = {name: QUALIFIERS[name] for name in RULES}
    assert verdicts("simulated", *marks.values()) == list(marks)
    assert verdicts("simulated", QUALIFIERS["odd_lot"]) == [None]


def test_marks_without_fields_are_whole_words() -> None:
    frame = pl.DataFrame({"conditions": ["F T I", "T", "FT", "F,T", "XT NX"]})
    assert frame.select(marked(Marked(marks=("T",)))).to_series().to_list() == [True, True, False, True, False]


def test_the_three_default_rules_are_on_and_say_what_they_know() -> None:
    assert {name: rule.causal for name, rule in RULES.items()} == {
        "cancelled": False,
        "corrected": False,
        "off_market": True,
    }
    for vocabulary in VOCABULARY.values():
        assert list(vocabulary) == list(RULES)


def test_sources_without_marks_and_quotes_have_no_rules() -> None:
    assert chosen("bitflyer", "trades") == ()
    assert chosen("lseg", "quotes") == ()
    assert verdicts("bitflyer", "CAN[IRGCOND]") == [None]


def test_the_first_rule_that_rejects_names_the_reason() -> None:
    choices = (
        Choice(RULES["off_market"], Marked(marks=("A",))),
        Choice(RULES["cancelled"], Marked(marks=("A", "B"))),
    )
    frame = pl.DataFrame({"conditions": ["A", "B", "C"]})
    assert frame.select(excluded_by(choices)).to_series().to_list() == ["off_market", "cancelled", None]


def test_the_digest_follows_names_order_and_marks() -> None:
    one, two = Choice(RULES["cancelled"], Marked(marks=("A",))), Choice(RULES["corrected"], Marked(marks=("A",)))
    digests = [
        rules_digest([]),
        rules_digest([one]),
        rules_digest([two]),
        rules_digest([one, two]),
        rules_digest([two, one]),
        rules_digest([Choice(RULES["cancelled"], Marked(marks=("B",)))]),
    ]
    assert len(set(digests)) == len(digests)
    assert rules_digest(rules.chosen("lseg", "trades")) == rules_digest(rules.chosen("simulated", "trades"))
