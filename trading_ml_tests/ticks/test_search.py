"""Search over qualifiers against plain Python, and only as far as it is asked."""

from __future__ import annotations

import re
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ml.core.errors import BadParams, OutOfRange, Unknown
from trading_ml.core.lake import Lake
from trading_ml.core.time import NS
from trading_ml.ticks import Ticks
from trading_ml.ticks.days import Days
from trading_ml.ticks.search import DISTINCT, Search, counted

NAME = "lseg:TRI.N"
TEXTS = [None, "", "ODD[IRGCOND]", "CAN[IRGCOND];ODD[IRGCOND]", "@F I[GV4_TEXT]", "£ 5%"]


def write(lake: Lake, days: list[list[str | None]], told: bool = False) -> Ticks:
    """A day of ticks for each list of conditions; whether the texts are counted, as a merge does."""
    for number, texts in enumerate(days):
        reasons = ["cancelled" if "CAN" in (text or "") else None for text in texts]
        rows = {
            "ts_event": pl.Series(range(len(texts)), dtype=pl.Int64).cast(NS),
            "price": pl.Series([1.0] * len(texts)),
            "conditions": pl.Series(texts, dtype=pl.String),
            "excluded_by": pl.Series(reasons, dtype=pl.String),
        }
        frame = pl.DataFrame(rows)
        facts = {"texts": counted(frame)} if told else {}
        lake.table("ticks", "trades").write(NAME, date(2024, 1, 1) + timedelta(number), frame, "by hand", facts)
    return Ticks.open(NAME, data=lake.root)


@given(
    st.lists(st.lists(st.sampled_from(TEXTS), max_size=12), min_size=1, max_size=4),
    st.sampled_from(["ODD", r"^ODD", r"I\[GV\d_TEXT\]", "CAN.*ODD", "£", "nowhere", ""]),
    st.booleans(),
)
@settings(max_examples=60)
def test_matches_are_those_of_plain_python(
    tmp_path_factory: pytest.TempPathFactory, days: list[list[str | None]], pattern: str, told: bool
) -> None:
    found = write(Lake(tmp_path_factory.mktemp("lake")), days, told).search(pattern)
    texts = [text for day in days for text in day]
    expected = [at for at, text in enumerate(texts) if text is not None and re.search(pattern, text)]
    for at in range(-1, len(texts) + 2):  # before anything was counted
        assert found.next(at) == next((match for match in expected if match > at), None)
        assert found.previous(at) == next((match for match in reversed(expected) if match < at), None)
    assert found.positions.tolist() == expected
    assert found.count == len(expected)


def test_reasons_can_be_searched_too(lake: Lake) -> None:
    ticks = write(lake, [TEXTS, TEXTS])
    assert ticks.search("^cancelled$", column="excluded_by").positions.tolist() == [3, 9]
    assert ticks.search("bid", column="carried").count == 0  # a column that these ticks do not have


def test_a_next_match_reads_no_further(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = write(lake, [[None], ["ODD"], ["ODD"], ["ODD"]])
    read: list[date] = []
    verified = Days.verified
    monkeypatch.setattr(Days, "verified", lambda self, number: read.append(verified(self, number)) or read[-1])
    found = ticks.search("ODD")
    assert (found.next(), found.next(1), found.previous(2)) == (1, 2, 1)
    assert read == [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)]
    assert found.count == 3
    assert found.count == 3
    assert read[3:] == [date(2024, 1, 4)]


def test_days_that_tell_their_texts_are_not_read(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = write(lake, [[None], ["CAN", "ODD"], ["ODD"], []], told=True)
    monkeypatch.setattr(Search, "_matches", lambda *_: pytest.fail("rows were read"))
    assert (ticks.search("ODD").count, ticks.search("nowhere").next(), ticks.search("CAN").previous(1)) == (
        2,
        None,
        None,
    )
    assert ticks.search("cancelled", "excluded_by").count == 1


def test_too_many_texts_are_not_counted() -> None:
    texts = [f"T{at}" for at in range(DISTINCT + 1)]
    assert counted(pl.DataFrame({"conditions": texts, "excluded_by": ["a"] * len(texts)})) == {
        "excluded_by": {"a": DISTINCT + 1}
    }


def test_a_text_of_many_row_groups(lake: Lake) -> None:
    texts: list[str | None] = [f"T{at % 7}" if at % 3 else None for at in range(300_000)]
    found = write(lake, [texts]).search("T[56]")
    assert found.positions.tolist() == [at for at, text in enumerate(texts) if text in ("T5", "T6")]
    assert found.next(131_070) == next(at for at in range(131_071, 300_000) if texts[at] in ("T5", "T6"))


def test_bad_searches_are_refused(lake: Lake) -> None:
    ticks = write(lake, [["ODD"]])
    with pytest.raises(BadParams, match="is not a regular expression"):
        ticks.search("ODD[")
    with pytest.raises(Unknown, match="did you mean 'conditions'"):
        ticks.search("ODD", column="condition")


def test_a_random_place_is_the_same_for_the_same_seed(lake: Lake) -> None:
    ticks = write(lake, [["ODD"] * 50] * 2)
    drawn = [ticks.random_index(seed) for seed in range(300)]
    assert drawn == [ticks.random_index(seed) for seed in range(300)]
    assert set(drawn) <= set(range(100))
    assert len(set(drawn)) > 80
    lake.table("ticks", "trades").write(NAME, date(2024, 1, 1), pl.DataFrame(schema={"ts_event": NS}), "by hand")
    lake.table("ticks", "trades").remove(NAME, date(2024, 1, 2))
    with pytest.raises(OutOfRange):
        Ticks.open(NAME, data=lake.root).random_index()
