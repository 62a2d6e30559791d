"""Repeats: the rule of `repeats.split` against a brute-force count of what each file holds."""

from __future__ import annotations

from collections import Counter

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.adapters import SIDE
from trading_ml.core.time import NS
from trading_ml.ticks.repeats import split

SCHEMA = {
    "ts_event": NS, "price": pl.Float64, "size": pl.Float64, "seq": pl.Int64, "side": SIDE,
    "conditions": pl.String, "ts_recv": NS, "trade_id": pl.String, "row": pl.UInt32, "upload": pl.UInt64,
}  # fmt: skip
CONTENT = ("ts_event", "price", "size", "side", "conditions")

row = st.fixed_dictionaries(
    {
        "ts_event": st.integers(0, 2),
        "price": st.sampled_from([1.5, 2.5]),
        "size": st.sampled_from([0.0, -0.0, 3.0]),
        "seq": st.integers(0, 3),
        "side": st.sampled_from(["buy", "sell", None]),
        "conditions": st.sampled_from([None, "A"]),
        "ts_recv": st.one_of(st.none(), st.integers(0, 3)),
        "trade_id": st.one_of(st.none(), st.sampled_from("abc")),
    }
)
file = st.lists(row, max_size=12)
upload = st.integers(0, 2**64 - 1)


def frame(number: int, rows: list[dict]) -> pl.DataFrame:
    numbered = [{**values, "upload": number, "row": at} for at, values in enumerate(rows, start=2)]
    return pl.DataFrame(numbered, schema=SCHEMA)


def content(values: dict) -> tuple:
    return tuple(values[name] for name in CONTENT)


@given(files=st.dictionaries(upload, file, min_size=1, max_size=4), data=st.data())
def test_as_many_stay_as_any_one_file_has(files: dict[int, list[dict]], data: st.DataObject) -> None:
    order = data.draw(st.permutations(sorted(files)))
    kept, repeats = split(pl.concat([frame(number, files[number]) for number in order]))

    most: Counter[tuple] = Counter()
    for rows in files.values():
        most |= Counter(content(values) for values in rows if values["trade_id"] is None)
    left = kept.with_columns(pl.col("ts_event").to_physical()).to_dicts()
    assert Counter(content(values) for values in left if values["trade_id"] is None) == most

    first: dict[str, tuple[int, int]] = {}
    for number in sorted(files):
        for at, values in enumerate(files[number], start=2):
            if values["trade_id"] is not None:
                first.setdefault(values["trade_id"], (number, at))
    ids = {values["trade_id"]: (values["upload"], values["row"]) for values in left if values["trade_id"] is not None}
    assert ids == first

    places = Counter(pl.concat([kept, repeats]).select("upload", "row").rows())
    assert places == Counter((number, at) for number in files for at in range(2, len(files[number]) + 2))


@given(files=st.dictionaries(upload, file, min_size=2, max_size=4), data=st.data())
def test_the_order_of_files_does_not_matter(files: dict[int, list[dict]], data: st.DataObject) -> None:
    given_orders = [data.draw(st.permutations(sorted(files))) for _ in range(2)]
    one, two = (
        split(pl.concat([frame(number, files[number]) for number in order])).kept.sort("upload", "row")
        for order in given_orders
    )
    assert one.equals(two)


def test_the_smallest_upload_tells_of_a_print() -> None:
    rows = [{"ts_event": 1, "price": 1.0, "size": 1.0, "seq": 1}] * 2
    kept, repeats = split(pl.concat([frame(9, rows), frame(5, rows[:1])]))
    assert sorted(kept.select("upload", "row").rows()) == [(5, 2), (9, 3)]
    assert repeats.select("upload", "row").rows() == [(9, 2)]


def test_a_file_alone_repeats_nothing_without_ids() -> None:
    rows = frame(1, [{"ts_event": 1, "price": 1.0, "size": 1.0, "seq": 1}] * 5).drop("trade_id")
    assert split(rows).kept.height == 5


def test_quotes_are_compared_by_both_sides() -> None:
    quote = {"ts_event": 1, "bid": 1.0, "ask": 2.0, "bid_size": None, "ask_size": 3.0, "seq": 1, "row": 1}
    rows = pl.DataFrame(
        [{**quote, "upload": 1}, {**quote, "upload": 2, "seq": 7}, {**quote, "upload": 2, "ask": 2.5, "row": 2}]
    )
    assert sorted(split(rows).kept.select("upload", "row").rows()) == [(1, 1), (2, 2)]
