"""Mappings: what they say, what they refuse by key, and the rows they make, against plain Python."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trading_ml.adapters import RawFile, csv, detect, get
from trading_ml.adapters.contract import Chunk
from trading_ml.core.errors import BadFile, BadParams

TRADES: dict[str, Any] = {
    "name": "mine",
    "kind": "trades",
    "columns": {"price": "Px", "size": "Qty"},
    "time": {"column": "When"},
    "symbol": {"value": "X"},
}
BARS: dict[str, Any] = {
    "name": "mine",
    "kind": "bars",
    "columns": {"open": "o", "high": "h", "low": "l", "close": "c"},
    "time": {"column": "t", "format": "s"},
    "symbol": {"value": "X"},
}


def _chunks(
    tmp_path: Path, mapping: dict[str, Any], text: str, name: str = "file.csv", symbol: str | None = None
) -> list[Chunk]:
    path = tmp_path / name
    path.write_text(text)
    return list(csv.adapter(csv.parse(mapping, "mapping")).read(RawFile(path, "0" * 64), symbol))


def _frame(tmp_path: Path, mapping: dict[str, Any], text: str, name: str = "file.csv") -> pl.DataFrame:
    chunks = _chunks(tmp_path, mapping, text, name)
    assert [chunk.quarantine.rows() for chunk in chunks if chunk.quarantine.height] == []
    return pl.concat(chunk.frame for chunk in chunks)


def _reasons(tmp_path: Path, mapping: dict[str, Any], text: str) -> list[tuple[int, str]]:
    chunks = _chunks(tmp_path, mapping, text)
    return [row[:2] for chunk in chunks for row in chunk.quarantine.iter_rows()]


# What a mapping may say.

WRONG = [
    ({"kind": None}, "mapping.kind: is required but missing"),
    ({"kind": "trade"}, "mapping.kind: 'trade' is not a known value; did you mean 'trades'?"),
    ({"columns": {"price": "Px"}}, "mapping.columns.size: is required but missing"),
    (
        {"columns": {"price": "Px", "sise": "Qty", "size": "Q"}},
        "mapping.columns.sise: unknown key; did you mean 'size'?",
    ),
    ({"colums": {}}, "mapping.colums: unknown key; did you mean 'columns'?"),
    ({"time": {}}, "mapping.time.column: is required but missing"),
    ({"time": {"column": "t", "zone": "Chicago"}}, "mapping.time.zone: 'Chicago' is not an IANA time zone"),
    ({"time": {"column": "t", "format": "sec"}}, "mapping.time.format: is not iso, date, s, ms, us, ns"),
    ({"time": {"column": "t", "format": "%H:%M"}}, "mapping.time: format '%H:%M' says no offset; add zone"),
    ({"time": {"column": "t", "format": "ms", "zone": "UTC"}}, "mapping.time: format 'ms' counts from 1970 in UTC"),
    ({"time": {"column": "t", "format": "s of day", "zone": "UTC"}}, "mapping.time: date_in_name goes with s of day"),
    ({"time": {"column": "t", "date": "d", "zone": "UTC"}}, "mapping.time: a date column needs a format with %"),
    ({"time": {"column": "t", "ambiguous": "first"}}, "mapping.time.ambiguous: 'first' is not a known value"),
    ({"symbol": {"value": "X", "column": "y"}}, "mapping.symbol: give one of column, value, file"),
    ({"symbol": {"file": "("}}, "mapping.symbol.file: is no regular expression"),
    ({"symbol": {"file": "[a-z]+"}}, "mapping.symbol.file: has no group in parentheses"),
    ({"side": {"column": "s", "buy": ["B"]}}, "mapping.side.sell: is required but missing"),
    ({"side": {"column": "s", "buy": [1], "sell": ["S"]}}, "mapping.side.buy.0: input should be a valid string"),
    ({"price_scale": 0}, "mapping.price_scale: input should be greater than 0"),
    ({"extra": {"price": "P"}}, "mapping.extra: 'price' is a column of trades; call it otherwise"),
    ({"delimiter": '"'}, "mapping.delimiter: "),
    ({"columns": {"price": "row", "size": "Qty"}}, "mapping: a column called 'row' cannot be read"),
    ({"name": "a:b"}, "mapping.name: may hold letters, digits, _, - and . only"),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_wrong_mapping_is_refused_by_its_key(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadParams, match=re.escape(said)):
        csv.parse({key: value for key, value in {**TRADES, **change}.items() if value is not None}, "mapping")


def test_the_interval_of_bars_is_a_duration() -> None:
    with pytest.raises(BadParams, match=re.escape("mapping.interval: is not a duration; write a count")):
        csv.parse({**BARS, "interval": "hourly"}, "mapping")
    with pytest.raises(BadParams, match="interval: unknown key"):
        csv.parse({**TRADES, "interval": "1m"}, "mapping")


@pytest.mark.parametrize(
    ("text", "said"),
    [("- a\n", "is not a mapping of keys"), ("a: [", "is not YAML"), ("kind: trades\n", "columns: is required")],
)
def test_a_mapping_file_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.mapping.yaml"
    path.write_text(text)
    with pytest.raises(BadParams, match=rf"mine\.mapping\.yaml.*{said}"):
        csv.load(path)
    with pytest.raises(BadParams, match=r"gone\.yaml: cannot be read"):
        get(str(tmp_path / "gone.yaml"))


# Times.

ZONES = ["America/New_York", "Europe/London", "Australia/Sydney", "Asia/Tokyo", "Etc/GMT+5", "UTC"]


def _expected(local: datetime, zone: str, ambiguous: str) -> datetime | None:
    """The moment of a local time, by the standard library: both readings of it, if they exist."""
    first, second = (local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    exists = first.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local
    if not exists or (ambiguous == "refuse" and first != second):
        return None
    return {"earliest": min, "latest": max, "refuse": min}[ambiguous](first, second)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.datetimes(datetime(1981, 1, 1), datetime(2026, 1, 1)),
            st.datetimes(datetime(2024, 3, 10), datetime(2024, 3, 10, 5)),
            st.datetimes(datetime(2024, 11, 3), datetime(2024, 11, 3, 5)),
            st.datetimes(datetime(2024, 4, 6), datetime(2024, 4, 7, 5)),
        ),
        min_size=1,
    ),
    st.sampled_from(ZONES),
    st.sampled_from(["earliest", "latest", "refuse"]),
    st.sampled_from(["iso", "%d/%m/%Y %H:%M:%S%.6f", "two columns"]),
)
def test_local_times_are_those_of_the_zone(
    tmp_path: Path, locals_: list[datetime], zone: str, ambiguous: str, form: str
) -> None:
    written = "%Y-%m-%d %H:%M:%S.%f" if form == "iso" else "%d/%m/%Y %H:%M:%S.%f"
    time = {"column": "When", "zone": zone, "ambiguous": ambiguous, "format": form}
    lines = [f"{local.strftime(written)},1,1" for local in locals_]
    header = "When,Px,Qty"
    if form == "two columns":
        time |= {"date": "Day", "format": "%d/%m/%Y %H:%M:%S%.f"}
        lines, header = [line.replace(" ", ",") for line in lines], "Day,When,Px,Qty"
    chunks = _chunks(tmp_path, {**TRADES, "time": time}, "\n".join([header, *lines]))
    found = {
        row: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=ns // 1000)
        for chunk in chunks
        for row, ns in chunk.frame.select("row", pl.col("ts_event").dt.epoch("ns")).iter_rows()
    }
    wanted = {row: _expected(local, zone, ambiguous) for row, local in enumerate(locals_, start=2)}
    assert found == {row: moment for row, moment in wanted.items() if moment}
    refused = {row for chunk in chunks for row in chunk.quarantine["row"]}
    assert refused == {row for row, moment in wanted.items() if not moment}


@pytest.mark.parametrize(
    ("form", "cell", "ns"),
    [
        ("s", "1502942400", 1_502_942_400 * 10**9),
        ("s", "1502942400.123456789", 1_502_942_400_123_456_789),
        ("ms", "1364774820000", 1_364_774_820 * 10**9),
        ("ms", "1364774820000.000001", 1_364_774_820_000_000_001),
        ("us", "1364774820000001", 1_364_774_820_000_001_000),
        ("ns", "1364774820000000001", 1_364_774_820_000_000_001),
        ("iso", "2012-02-01 00:00:00+00:00", 1_328_054_400 * 10**9),
    ],
)
def test_no_digit_of_a_time_is_lost(tmp_path: Path, form: str, cell: str, ns: int) -> None:
    frame = _frame(tmp_path, {**TRADES, "time": {"column": "When", "format": form}}, f"When,Px,Qty\n{cell},1,1\n")
    assert frame["ts_event"].dt.epoch("ns").item() == ns


@pytest.mark.parametrize(
    "cell",
    [
        "57599999999999999999999999999999999.9",
        "1e99",
        ".",
        "1.1e-9",
        "0",
        "-5",
        "99999999999999",
        "7258118400",
        "170141183460469231731687303715",
    ],
)
def test_a_number_that_is_no_time_is_refused(tmp_path: Path, cell: str) -> None:
    found = _reasons(tmp_path, {**TRADES, "time": {"column": "When", "format": "s"}}, f"When,Px,Qty\n{cell},1,1\n")
    assert len(found) == 1
    assert found[0][1].startswith(("When is no time from 1900 to 2199 (s): ", "When is not a number of at most nine"))


@pytest.mark.parametrize("day", ["0001-01-01", "1677-09-20", "2200-01-01", "2262-04-12", "2500-03-01", "9999-12-31"])
@pytest.mark.parametrize("form", ["%Y-%m-%d", "date", "%Y-%m-%d %H:%M"])
def test_a_day_beyond_what_nanoseconds_hold_is_refused_and_not_another_day(tmp_path: Path, day: str, form: str) -> None:
    cell = f"{day} 09:00" if "%H" in form else day
    time = {"column": "When", "format": form, "zone": "UTC"}
    found = _reasons(tmp_path, {**TRADES, "time": time}, f"When,Px,Qty\n{cell},1,1\n")
    assert len(found) == 1
    assert found[0][1].startswith(f"When is no time from 1900 to 2199 ({form}): '{cell}'")


def test_times_of_day_go_on_the_date_in_the_name(tmp_path: Path) -> None:
    time = {
        "column": "When",
        "format": "s of day",
        "zone": "America/New_York",
        "date_in_name": r"(\d{4})-(\d\d)-(\d\d)",
    }
    text = "When,Px,Qty\n34200.004241176,1,1\n9000,1,1\n86400,1,1\n"
    chunks = _chunks(tmp_path, {**TRADES, "time": time}, text, "x_2024-03-10.csv")
    assert chunks[0].frame["ts_event"].dt.epoch("ns").to_list() == [
        int(datetime(2024, 3, 10, 13, 30, tzinfo=UTC).timestamp()) * 10**9 + 4_241_176
    ]
    assert chunks[0].quarantine["row"].to_list() == [3, 4], "half past two was skipped that night"
    with pytest.raises(BadFile, match="does not tell the date by its name"):
        _chunks(tmp_path, {**TRADES, "time": time}, text, "x_2024-13-10.csv")


def test_each_instrument_has_its_own_clock(tmp_path: Path) -> None:
    mapping = {
        **BARS, "source": "lseg", "symbol": {"column": "s"}, "interval": "1d",
        "time": {"column": "t", "format": "%d-%b-%y", "zone": "instrument"},
    }  # fmt: skip
    frame = _frame(
        tmp_path, mapping, "s,t,o,h,l,c\nA.AX,4-Jan-00,1,1,1,1\nB.L,30-Mar-02,1,1,1,1\nB.L,31-Mar-02,1,1,1,1\n"
    )
    opens = [datetime(2000, 1, 3, 13, tzinfo=UTC), datetime(2002, 3, 30, tzinfo=UTC), datetime(2002, 3, 31, tzinfo=UTC)]
    closes = [*[moment + timedelta(days=1) for moment in opens[:2]], datetime(2002, 3, 31, 23, tzinfo=UTC)]
    assert frame["ts_event"].to_list() == opens
    assert frame["ts_close"].to_list() == closes, "the day the clocks went forward had 23 hours"


# Rows.


def test_prices_are_divided_to_the_nearest_number(tmp_path: Path) -> None:
    mapping = {**TRADES, "price_scale": 10_000}
    lines = "".join(f"2024-03-01T00:00:00Z,{price},{price}\n" for price in range(1_674_000, 1_679_000, 7))
    frame = _frame(tmp_path, mapping, f"When,Px,Qty\n{lines}")
    assert frame["price"].to_list() == [price / 10_000 for price in range(1_674_000, 1_679_000, 7)]
    assert frame["size"].to_list() == list(range(1_674_000, 1_679_000, 7))


def test_several_conditions_are_told_apart(tmp_path: Path) -> None:
    mapping = {**TRADES, "columns": {**TRADES["columns"], "conditions": ["COND", "CORR", "EX"]}}
    cells = ["F I,0,P", ",8,D", "T,,", ",,"]
    text = "When,Px,Qty,COND,CORR,EX\n" + "".join(f"2024-03-01T00:00:00Z,1,1,{cell}\n" for cell in cells)
    found = _frame(tmp_path, mapping, text)["conditions"].to_list()
    assert found == ["F I;0[CORR];P[EX]", ";8[CORR];D[EX]", "T", ""]


def test_sides_are_words_and_nothing_is_nobody(tmp_path: Path) -> None:
    mapping = {**TRADES, "side": {"column": "S", "buy": ["B", "b"], "sell": ["-1"]}}
    text = "When,Px,Qty,S\n" + "".join(f"2024-03-01T00:00:00Z,1,1,{side}\n" for side in ["B", "", "-1", "b", "x"])
    chunk = _chunks(tmp_path, mapping, text)[0]
    assert chunk.frame["side"].to_list() == ["buy", None, "sell", "buy"]
    assert chunk.quarantine["reason"].to_list() == ["S is not one of B, b, -1: 'x'"]


def test_rows_of_another_kind_go_under_their_word(tmp_path: Path) -> None:
    mapping = {**TRADES, "only": {"Type": ["T"]}, "without": {"Note": ["void"]}}
    text = "When,Px,Qty,Type,Note\n" + "".join(
        f"2024-03-01T00:00:00Z,{rest}\n" for rest in ["1,1,T,", ",,Q,", "1,1,T,void", "1,1,,", "1,1,T,fine"]
    )
    assert _reasons(tmp_path, mapping, text) == [
        (3, "Type says it is no trade: 'Q'"),
        (4, "Note says it is no trade: 'void'"),
        (5, "Type says it is no trade: ''"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_any_delimiter_with_and_without_quotes(tmp_path: Path, delimiter: str) -> None:
    mapping = {**TRADES, "delimiter": ",;|\t"}
    rows = [["When", "Px", "Qty"], ["2024-03-01T00:00:00Z", "1.5", '"2"'], ['"2024-03-01T00:00:01Z"', "2", "3"], ["x"]]
    chunk = _chunks(tmp_path, mapping, "".join(delimiter.join(row) + "\n" for row in rows))[0]
    assert chunk.frame["price"].to_list() == [1.5, 2.0]
    assert chunk.quarantine["reason"].to_list() == ["not the 3 columns of the table: 1"]


def test_further_numbers_are_kept_and_columns_may_be_missing(tmp_path: Path) -> None:
    mapping = {**TRADES, "extra": {"fee": "Fee", "rebate": "Rebate"}, "optional": ["Rebate"]}
    frame = _frame(tmp_path, mapping, "When,Px,Qty,Fee\n2024-03-01T00:00:00Z,1,1,0.25\n")
    assert frame.select("fee", "rebate").rows() == [(0.25, None)]
    with pytest.raises(BadFile, match="has no column 'Fee'"):
        _chunks(tmp_path, mapping, "When,Px,Qty\n2024-03-01T00:00:00Z,1,1\n")


def test_a_table_without_header_has_the_columns_in_order(tmp_path: Path) -> None:
    mapping = {**TRADES, "header": ["When", "Qty", "Px"]}
    want = [(2.5, 1.0)]
    assert _frame(tmp_path, mapping, "2024-03-01T00:00:00Z,1,2.5\n").select("price", "size").rows() == want
    assert _frame(tmp_path, mapping, "When,Qty,Px\n2024-03-01T00:00:00Z,1,2.5\n").select("price", "size").rows() == want
    chunk = _chunks(tmp_path, mapping, "junk\n2024-03-01T00:00:00Z,1,2.5\n")[0]
    assert (chunk.frame["row"].to_list(), chunk.quarantine["row"].to_list()) == ([2], [1])


@pytest.mark.parametrize(
    ("interval", "name", "kind"),
    [("90m", "x.csv", "bars_90m"), ("60m", "x.csv", "bars_1h"), ({"file": r"_(\d+[mh])"}, "x_5m.csv", "bars_5m"),
     ({"file": r"_(\d+[mh])"}, "x.csv", "bars_2h"), (None, "x_5m.csv", "bars_2h")],
)  # fmt: skip
def test_the_interval_is_said_named_or_seen(tmp_path: Path, interval: Any, name: str, kind: str) -> None:
    stamps = [1_600_000_000 + 7200 * step for step in (0, 1, 2, 9, 10, 11, 40, 60)]
    text = "t,o,h,l,c\n" + "".join(f"{stamp},1,1,1,1\n" for stamp in stamps)
    chunk = _chunks(tmp_path, {**BARS, **({"interval": interval} if interval else {})}, text, name)[0]
    assert chunk.kind == kind
    steps = (chunk.frame["ts_close"] - chunk.frame["ts_event"]).unique().to_list()
    length = {"bars_90m": 5400, "bars_1h": 3600, "bars_5m": 300, "bars_2h": 7200}[kind]
    assert steps == [timedelta(seconds=length)]


def test_one_bar_alone_does_not_tell_its_interval(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="does not tell the interval of its bars; write it into a mapping: interval: 1m"):
        _chunks(tmp_path, BARS, "t,o,h,l,c\n1600000000,1,1,1,1\n")
    with pytest.raises(BadFile, match="does not tell the interval"):
        _chunks(tmp_path, BARS, "t,o,h,l,c\n1600000000,1,1,1,1\n1600000000.0001,1,1,1,1\n")


def test_a_file_without_a_symbol_needs_one(tmp_path: Path) -> None:
    mapping = {**TRADES, "symbol": {"file": r"^([a-z]+)_"}}
    text = "When,Px,Qty\n2024-03-01T00:00:00Z,1,1\n"
    assert _frame(tmp_path, mapping, text, "eurusd_1.csv")["symbol"].to_list() == ["EURUSD"]
    assert _chunks(tmp_path, mapping, text, "1.csv", "Mine")[0].frame["symbol"].to_list() == ["Mine"]
    with pytest.raises(BadFile, match=r"does not tell its symbol.*give it with --symbol"):
        _chunks(tmp_path, mapping, text, "1.csv")


# Beside the file.

MINE = """
kind: trades
columns: {price: Price, size: Volume}
time: {column: DateTime, zone: Asia/Tokyo}
symbol: {value: NK}
"""


def test_a_mapping_beside_the_file_comes_before_the_known_formats(tmp_path: Path) -> None:
    path = tmp_path / "ticks.csv"
    path.write_text("DateTime,Price,Volume\n2024-03-01 09:00:00,39000,1\n")
    assert detect(path)[0].name == "cme"
    (tmp_path / "osaka.mapping.yaml").write_text(MINE)
    adapter, why = detect(path)
    assert (adapter.name, adapter.source) == ("osaka", "osaka")
    assert why == "its header has DateTime, Price, Volume"
    (tmp_path / "kyoto.mapping.yaml").write_text(MINE)
    with pytest.raises(BadFile, match=r"could be kyoto \(.*\) and osaka \(.*\)"):
        detect(path)
    (tmp_path / "kyoto.mapping.yaml").write_text(MINE.replace("DateTime", "Date"))
    assert detect(path)[0].name == "osaka"
    other = tmp_path / "other.csv"
    other.write_text("time,open,high,low,close,volume\n1502942400,1,1,1,1,1\n")
    assert detect(other)[0].name == "binance_candles"


def test_presets_say_what_they_are() -> None:
    names = [adapter.name for adapter in csv.presets()]
    assert names == sorted(names)
    assert all(adapter.summary for adapter in csv.presets())
    assert {adapter.source for adapter in csv.presets()} >= {"taq", "ig", "lseg", "binance", "cme"}


def test_dates_alone_are_midnights(tmp_path: Path) -> None:
    mapping = {**BARS, "time": {"column": "t", "zone": "America/New_York"}, "interval": "1d"}
    frame = _frame(tmp_path, mapping, "t,o,h,l,c\n2024-03-08,1,1,1,1\n2024-03-10,1,1,1,1\n")
    assert frame["ts_event"].dt.convert_time_zone("America/New_York").dt.date().to_list() == [
        date(2024, 3, 8), date(2024, 3, 10),
    ]  # fmt: skip
    assert (frame["ts_close"] - frame["ts_event"]).to_list() == [timedelta(hours=24), timedelta(hours=23)]
