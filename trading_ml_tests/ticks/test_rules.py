"""Cleaning rules: marks are recognised as the source writes them, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from trading_ml.adapters.simulated import QUALIFIERS
from trading_ml.core.errors import BadParams, Unknown
from trading_ml.core.instruments import Instrument, RuleUse
from trading_ml.ticks.rules import DEFAULT, RULES, VOCABULARY, Choice, Marked, chosen, judged, marked, rules_digest


def traded(source: str, *rules: object) -> Instrument:
    facts = {"rules": rules} if rules else {}
    return Instrument.parse({"source": source, "symbol": "X", **facts}, "by hand")


def verdicts(source: str, *conditions: str | None, rules: tuple[object, ...] = ()) -> list[str | None]:
    frame = pl.DataFrame({"conditions": conditions}, schema={"conditions": pl.String})
    return judged(frame, chosen(traded(source, *rules), "trades"))["excluded_by"].to_list()


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
    assert verdicts("simulated", *(QUALIFIERS[name] for name in DEFAULT)) == list(DEFAULT)
    assert verdicts("simulated", QUALIFIERS["odd_lot"]) == [None]
    assert verdicts("simulated", QUALIFIERS["odd_lot"], rules=("default", "odd_lot")) == ["odd_lot"]


def test_marks_without_fields_are_whole_words() -> None:
    frame = pl.DataFrame({"conditions": ["F T I", "T", "FT", "F,T", "XT NX"]})
    assert frame.select(marked(Marked(marks=("T",)))).to_series().to_list() == [True, True, False, True, False]


def test_letters_count_in_their_fields_only() -> None:
    conditions = ("@F I[GV4_TEXT];Q[GV3_FLAG]", " L  [LSTSALCOND]", "L[IRGCOND]", "Z[GV1_FLAG]", "@4 W[GV4_TEXT]")
    assert verdicts("lseg", *conditions, rules=("late_report", "irregular")) == [
        None, "late_report", None, None, "irregular",
    ]  # fmt: skip
    assert verdicts("taq", "FTI;0[CORR];P[EX]", "F", "@ TU", "F;Z[EX]", rules=("odd_lot", "late_report")) == [
        "odd_lot", None, "late_report", None,
    ]  # fmt: skip


def test_taq_tells_by_number_what_became_of_a_trade() -> None:
    codes = ("FT;0[CORR];P[EX]", "FTI;8[CORR];P[EX]", ";10[CORR]", ";12[CORR]", "1;0[CORR]", ";01[CORR]", ";18[CORR]")
    assert verdicts("taq", *codes) == [None, "cancelled", "cancelled", "corrected", None, "corrected", None]


def test_lean_spells_conditions_out() -> None:
    told = (
        "P;20002000;ExtendedHours;TradeThroughExempt",
        "D;80000000;OddLot",
        "D;800;Sold",
        "D;1;AveragePrice",
        "D;0;Solder",
    )
    assert verdicts("lean", *told, rules=("odd_lot", "late_report", "irregular")) == [
        None, "odd_lot", "late_report", "irregular", None,
    ]  # fmt: skip


def test_the_three_default_rules_are_on_and_say_what_they_know() -> None:
    for source in ("lseg", "simulated"):
        choices = chosen(traded(source), "trades")
        assert {choice.rule.name: choice.rule.causal for choice in choices} == {
            "cancelled": False,
            "corrected": False,
            "off_market": True,
        }


def test_sources_without_marks_and_quotes_have_no_rules() -> None:
    assert chosen(traded("bitflyer"), "trades") == ()
    assert chosen(traded("lseg"), "quotes") == ()
    assert verdicts("bitflyer", "CAN[IRGCOND]") == [None]


def test_an_instrument_has_the_rules_of_its_facts_in_their_order() -> None:
    rules = ("zero_or_negative_size", "default", {"qualifiers": {"marks": ["XT"]}}, "crossed")
    names = lambda kind: [choice.rule.name for choice in chosen(traded("lseg", *rules), kind)]
    assert names("trades") == ["zero_or_negative_size", *DEFAULT, "qualifiers"]
    assert names("quotes") == ["crossed"]
    assert RuleUse.model_validate({"outlier": {"ticks": 9}}) == RuleUse(name="outlier", params={"ticks": 9})


def test_own_marks_replace_those_of_the_source() -> None:
    assert verdicts("bitflyer", "B", "A", rules=({"cancelled": {"marks": ["A"]}},)) == [None, "cancelled"]


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("outliers", "did you mean 'outlier'"),
        ("odd_lot", "rules.odd_lot: needs marks or letters"),
        ("session", "rules.session.calendar: is required"),
        ({"odd_lot": {"marks": ["I"], "takes_back": True}}, "rules.odd_lot.takes_back: unknown key"),
        ({"outlier": {"tick": 9}}, "rules.outlier.tick: unknown key; did you mean 'ticks'"),
        ({"session": {"calendar": "XLON", "after_close": "soon"}}, "'soon' is not a duration"),
    ],
)
def test_a_mistake_in_the_rules_is_named(rule: object, problem: str) -> None:
    with pytest.raises((BadParams, Unknown), match=problem):
        chosen(traded("bitflyer", rule), "trades")


def test_the_first_rule_that_rejects_names_the_reason() -> None:
    choices = (
        Choice(RULES["off_market"], Marked(marks=("A",))),
        Choice(RULES["odd_lot"], Marked(marks=("A", "B"))),
    )
    frame = pl.DataFrame({"conditions": ["A", "B", "C", None]})
    assert judged(frame, choices)["excluded_by"].to_list() == ["off_market", "odd_lot", None, None]
    assert judged(frame.clear(), choices)["excluded_by"].to_list() == []


def test_the_digest_follows_names_order_and_marks() -> None:
    one, two = Choice(RULES["odd_lot"], Marked(marks=("A",))), Choice(RULES["irregular"], Marked(marks=("A",)))
    digests = [
        rules_digest([]),
        rules_digest([one]),
        rules_digest([two]),
        rules_digest([one, two]),
        rules_digest([two, one]),
        rules_digest([Choice(RULES["odd_lot"], Marked(marks=("B",)))]),
    ]
    assert len(set(digests)) == len(digests)
    assert rules_digest(chosen(traded("lseg"), "trades")) == rules_digest(chosen(traded("simulated"), "trades"))


def test_every_vocabulary_speaks_of_rules_that_exist() -> None:
    assert all(name in RULES for words in VOCABULARY.values() for name in words)


def test_the_docs_name_every_rule_and_parameter() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "concepts" / "cleaning.md").read_text()
    for name, rule in RULES.items():
        (line,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
        known = "at once" if rule.causal else "afterwards"
        assert line.endswith(f"| {known} |")
        assert {f"`{key}`" for key in rule.params.model_fields} == set(re.findall(r"`\w+`", line)) - {f"`{name}`"}
