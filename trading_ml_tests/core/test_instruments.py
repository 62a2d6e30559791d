"""Instruments: the escape that folders and partition keys share, facts by pattern, and bare symbols."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trading_ml.core.errors import BadInput, BadParams, Unknown
from trading_ml.core.instruments import Instrument, instrument, key_of, name_of, pick

SOURCES = st.text(min_size=1, max_size=12).filter(lambda text: ":" not in text)
SYMBOLS = st.text(min_size=1, max_size=20)


@given(SOURCES, SYMBOLS)
@example("lseg", "ABF.L")
@example("trth", "BRK/B")
@example("..", "..")
@example("a", "A...B")
@example("a", "x|y,z [0] * ?")
@example("a@b", "c@d:e")
@example("100%", "%2E%2E")
def test_a_name_comes_back_from_its_key(source: str, symbol: str) -> None:
    assert name_of(key_of(f"{source}:{symbol}")) == f"{source}:{symbol}"


@given(SOURCES, SYMBOLS)
@example("..", "..")
@example("a", "A...B")
@example("a", "x|y,z\x00\n")
def test_a_key_is_one_safe_folder_name_and_one_partition_key(source: str, symbol: str) -> None:
    key = key_of(f"{source}:{symbol}")
    assert key.isascii()
    assert key.count("@") == 1
    assert ".." not in key
    assert not set(key) & set("/\\|:,*?[]<>\"' \x00\n\t")
    assert (Path("root") / key).parent == Path("root")


@given(st.tuples(SOURCES, SYMBOLS), st.tuples(SOURCES, SYMBOLS))
def test_different_names_have_different_keys(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (key_of(":".join(one)) == key_of(":".join(other))) == (one == other)


def test_usual_symbols_stay_readable() -> None:
    assert Instrument(source="lseg", symbol="ABF.L").key == "lseg@ABF.L"
    assert Instrument(source="bitflyer", symbol="BTC_JPY").key == "bitflyer@BTC_JPY"
    assert key_of("cme:ES=F") == "cme@ES=F"


def test_facts_come_by_pattern_and_later_entries_win() -> None:
    btc = instrument("bitflyer:BTC_JPY")
    assert (btc.zone, btc.currency, btc.tick_size) == ("Asia/Tokyo", "JPY", 1)
    assert instrument("lseg:ABF.L").zone == "Europe/London"
    assert instrument("nowhere:X").zone == "UTC"


def test_a_users_list_lies_over_the_packaged_one_and_is_read_again_when_it_changes(tmp_path: Path) -> None:
    mine = tmp_path / "instruments.yaml"
    assert instrument("bitflyer:BTC_JPY", mine).zone == "Asia/Tokyo"
    mine.write_text('- {match: "bitflyer:*", zone: UTC}\n')
    assert instrument("bitflyer:BTC_JPY", mine).zone == "UTC"
    assert instrument("bitflyer:BTC_JPY", mine).currency == "JPY"
    mine.write_text('- {match: "bitflyer:*", zone: Asia/Seoul}\n')
    assert instrument("bitflyer:BTC_JPY", mine).zone == "Asia/Seoul"


@pytest.mark.parametrize("name", ["BTC_JPY", ":X", "lseg:", ""])
def test_a_name_needs_source_and_symbol(name: str) -> None:
    with pytest.raises(BadParams, match="is not SOURCE:SYMBOL"):
        instrument(name)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('- {match: "x:*", zone: Mars/Olympus}', "is not an IANA time zone"),
        ('- {match: "x:*", zon: UTC}', "did you mean 'zone'?"),
        ('- {match: "x:*"}\n- {zone: UTC}', "entry 2 has no 'match'"),
        ('- {match: "x:*", splits: [{date: 2020-08-31, ratio: 0}]}', "splits.0.ratio: input should be greater than 0"),
        ('- {match: "x:*", splits: [{date: soon, ratio: 4}]}', "splits.0.date"),
        ('- {match: "x:*", rules: [{a: {}, b: {}}]}', "rules.0"),
        ("zone: UTC", "is not a list"),
        ("- {match: ", "is not YAML"),
    ],
)
def test_a_mistake_in_the_list_is_named(tmp_path: Path, content: str, problem: str) -> None:
    mine = tmp_path / "instruments.yaml"
    mine.write_text(content)
    with pytest.raises(BadParams) as caught:
        instrument("x:Y", mine)
    assert problem in str(caught.value)


def test_splits_factors_and_rules_are_facts(tmp_path: Path) -> None:
    mine = tmp_path / "instruments.yaml"
    mine.write_text(
        """
        - match: "x:*"
          splits: [{date: 2020-08-31, ratio: 4}]
          factors: [{date: 2012-08-09, factor: 0.9957}]
          rules: [default, unit_slip, {outlier: {ticks: 101}}]
        """
    )
    facts = instrument("x:Y", mine)
    assert [(split.date.isoformat(), split.ratio) for split in facts.splits] == [("2020-08-31", 4)]
    assert [(one.date.isoformat(), one.factor) for one in facts.factors] == [("2012-08-09", 0.9957)]
    assert [(use.name, dict(use.params)) for use in facts.rules] == [
        ("default", {}), ("unit_slip", {}), ("outlier", {"ticks": 101}),
    ]  # fmt: skip
    assert [use.name for use in instrument("lseg:ABF.L", mine).rules] == ["default"]


KNOWN = ["lseg:ABF.L", "bitflyer:BTC_JPY", "other:BTC_JPY"]


def test_a_full_name_or_a_unique_bare_symbol_is_enough() -> None:
    assert pick("other:BTC_JPY", KNOWN) == "other:BTC_JPY"
    assert pick("ABF.L", KNOWN) == "lseg:ABF.L"


def test_a_symbol_of_several_sources_needs_its_source() -> None:
    with pytest.raises(BadInput, match="at several sources") as caught:
        pick("BTC_JPY", KNOWN)
    assert "bitflyer:BTC_JPY" in str(caught.value)


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(Unknown, match=r"did you mean 'ABF\.L'"):
        pick("abf.l", KNOWN)
    with pytest.raises(Unknown, match="none is known yet"):
        pick("ABF.L", [])
