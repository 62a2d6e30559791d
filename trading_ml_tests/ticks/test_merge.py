"""Merging: any files in any order, twice, killed or at once give the same accounted ticks."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ml.core.errors import AccountingError
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake, Receipt
from trading_ml.core.time import NS
from trading_ml.ticks import account, merge, records, uploads
from trading_ml.ticks.records import Cell

HEADER = "#RIC,Domain,Date-Time,Type,Price,Volume,Seq. No.,Qualifiers"
TRI = instrument("lseg:TRI.N")
SCHEMA = {
    "ts_event": NS, "price": pl.Float64, "size": pl.Float64, "seq": pl.Int64, "side": pl.Enum(["buy", "sell"]),
    "conditions": pl.String, "excluded_by": pl.String, "upload": pl.UInt64, "row": pl.UInt32,
}  # fmt: skip
JAN4, JAN5 = date(2018, 1, 4), date(2018, 1, 5)


def line(clock: str, price: float, size: int = 100, qualifiers: str = "", seq: str = "", day: date = JAN4) -> str:
    return f"TRI.N,Market Price,{day}T{clock}Z,Trade,{price},{size},{seq},{qualifiers}"


def ingest(lake: Lake, path: Path, symbol: str | None = None) -> str:
    """Announce, parse and merge one file, as the ingest command does; returns the upload's id."""
    upload = uploads.announce(lake, path, symbol=symbol)
    for kind, name, day in uploads.parse(lake, upload.id).touched:
        merge.build(lake, instrument(name), day, kind)
    return upload.id


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, *lines: str) -> Path:
        path = tmp_path / "raw" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join([HEADER, *lines]) + "\n")
        return path

    return write


def published(lake: Lake) -> dict[str, bytes]:
    """Every file of the lake but locks, by its place."""
    found = {str(path.relative_to(lake.root)): path for path in lake.root.rglob("*") if path.is_file()}
    return {place: path.read_bytes() for place, path in found.items() if not place.startswith("locks")}


def ticks(lake: Lake, day: date = JAN4) -> pl.DataFrame:
    return lake.table("ticks", "trades").read("lseg:TRI.N", day)


def receipt(lake: Lake, day: date = JAN4) -> Receipt:
    found = lake.table("ticks", "trades").receipt("lseg:TRI.N", day)
    assert found
    return found


# What the ticks are.


def test_ticks_have_the_columns_of_the_design(lake: Lake, written: Callable[..., Path]) -> None:
    upload = ingest(lake, written("a.csv", line("15:00:00.000000001", 43.5, qualifiers="ODD[IRGCOND]")))
    frame = ticks(lake)
    assert list(frame.schema.items()) == list(SCHEMA.items())
    told = frame.with_columns(pl.col("ts_event").to_physical()).row(0)
    assert told == (1515078000000000001, 43.5, 100.0, 2, None, "ODD[IRGCOND]", None, int(upload, 16), 2)


def test_order_is_time_then_sequence(lake: Lake, written: Callable[..., Path]) -> None:
    path = written(
        "a.csv",
        line("15:00:02", 3, seq="7"),
        line("15:00:01", 2, seq="9"),
        line("15:00:01", 1, seq="8"),
    )
    ingest(lake, path)
    assert ticks(lake)["price"].to_list() == [1, 2, 3]


def test_a_rule_leaves_the_row_and_says_its_name(lake: Lake, written: Callable[..., Path]) -> None:
    path = written(
        "a.csv",
        line("15:00:01", 1, qualifiers="CAN[IRGCOND]"),
        line("15:00:02", 2, qualifiers="OFF[IRGCOND];ODD[IRGCOND]"),
        line("15:00:03", 3, qualifiers="COR[IRGCOND]"),
        line("15:00:04", 4, qualifiers="ODD[IRGCOND]"),
        line("15:00:05", 5),
    )
    upload = ingest(lake, path)
    assert ticks(lake)["excluded_by"].to_list() == ["cancelled", "off_market", "corrected", None, None]
    assert receipt(lake).facts["uploads"] == {
        upload: {
            "rows": 5, "kept": 5, "duplicates": 0, "excluded": {"cancelled": 1, "corrected": 1, "off_market": 1},
        }
    }  # fmt: skip


def test_overlapping_files_are_not_counted_twice(lake: Lake, written: Callable[..., Path]) -> None:
    twice = [line("15:00:01", 1)] * 2
    one = ingest(lake, written("a.csv", line("15:00:00", 9), *twice))
    two = ingest(lake, written("b.csv", *twice, line("15:00:01", 1), line("15:00:02", 2)))
    assert ticks(lake)["price"].to_list() == [9, 1, 1, 1, 2]
    accounts = receipt(lake).facts["uploads"]
    assert accounts[one]["duplicates"] + accounts[two]["duplicates"] == 2
    assert accounts[min(one, two)]["duplicates"] == 0


# Rebuilding.


def test_what_is_current_is_not_built_again(
    lake: Lake, written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written("a.csv", line("15:00:00", 1), line("15:00:00", 1, day=JAN5))
    ingest(lake, path)
    before = {place: (lake.root / place).stat().st_mtime_ns for place in published(lake)}
    monkeypatch.setattr(merge.Share, "rows", lambda share: pytest.fail("parts were read again"))
    ingest(lake, path)
    assert {place: (lake.root / place).stat().st_mtime_ns for place in published(lake)} == before
    assert not merge.stale(lake)


def test_a_new_file_makes_just_its_dates_stale(lake: Lake, written: Callable[..., Path]) -> None:
    ingest(lake, written("a.csv", line("15:00:00", 1), line("15:00:00", 1, day=JAN5)))
    upload = uploads.announce(lake, written("b.csv", line("15:00:01", 2, day=JAN5)))
    assert not merge.stale(lake)
    uploads.parse(lake, upload.id)
    wanted = merge.stale(lake)
    assert list(wanted) == [Cell("trades", "lseg:TRI.N", JAN5)]
    merge.build(lake, TRI, JAN5, "trades")
    assert receipt(lake, JAN5).inputs in wanted.values()
    assert not merge.stale(lake)
    assert ticks(lake, JAN5)["price"].to_list() == [1, 2]


def test_another_rule_rebuilds_from_parts_alone(
    lake: Lake, written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written("a.csv", line("15:00:00", 1, qualifiers="ODD[IRGCOND]"))
    upload = ingest(lake, path)
    path.unlink()
    facts = lake.root.parent / "instruments.yaml"
    facts.write_text('- {match: "lseg:TRI.N", rules: [default, odd_lot]}\n')
    monkeypatch.setenv("TRADING_ML_INSTRUMENTS", str(facts))
    assert list(merge.stale(lake)) == [Cell("trades", "lseg:TRI.N", JAN4)]
    merge.build(lake, instrument("lseg:TRI.N", facts), JAN4, "trades")
    assert ticks(lake)["excluded_by"].to_list() == ["odd_lot"]
    assert account.summary(lake, upload)["excluded"] == {"odd_lot": 1}
    assert not merge.stale(lake)


def test_a_withdrawn_upload_leaves_no_ticks(lake: Lake, written: Callable[..., Path]) -> None:
    path = written("a.csv", line("15:00:00", 1), line("15:00:00", 1, day=JAN5))
    ingest(lake, path, symbol="WRONG.N")
    ingest(lake, written("b.csv", line("15:00:00", 7).replace("TRI.N", "WRONG.N")))
    ingest(lake, path, symbol="TRI.N")
    table = lake.table("ticks", "trades")
    assert {name: table.dates(name) for name in table.instruments()} == {
        "lseg:TRI.N": [JAN4, JAN5],
        "lseg:WRONG.N": [JAN4],
    }
    assert table.read("lseg:WRONG.N", JAN4)["price"].to_list() == [7]
    assert not merge.stale(lake)


def test_withdrawn_dates_are_stale_until_they_are_gone(lake: Lake, written: Callable[..., Path]) -> None:
    path = written("a.csv", line("15:00:00", 1))
    ingest(lake, path, symbol="WRONG.N")
    uploads.parse(lake, uploads.announce(lake, path).id)
    wrong = Cell("trades", "lseg:WRONG.N", JAN4)
    assert list(merge.stale(lake)) == [Cell("trades", "lseg:TRI.N", JAN4), wrong]
    assert merge.build(lake, instrument(wrong.instrument), JAN4, "trades") is None
    assert list(merge.stale(lake)) == [Cell("trades", "lseg:TRI.N", JAN4)]
    assert lake.table("ticks", "trades").instruments() == []


def test_a_span_builds_every_kind_and_date_inside(lake: Lake, written: Callable[..., Path]) -> None:
    path = written("a.csv", line("15:00:00", 1), line("15:00:00", 1, day=JAN5))
    uploads.parse(lake, uploads.announce(lake, path).id)
    built = merge.build_span(lake, TRI, JAN4, JAN5)
    assert {kind: list(receipts) for kind, receipts in built.items()} == {"trades": [JAN4]}
    with ThreadPoolExecutor(1) as executor:
        built = merge.build_span(lake, TRI, JAN4, date(2018, 2, 1), executor)
    assert built == {"trades": {JAN4: receipt(lake, JAN4), JAN5: receipt(lake, JAN5)}}
    assert merge.build_span(lake, TRI, date(2019, 1, 1), date(2019, 2, 1)) == {}


def test_no_upload_no_ticks(lake: Lake) -> None:
    assert merge.build(lake, TRI, JAN4, "trades") is None
    assert not merge.stale(lake)


# Accounting.


def test_lost_parts_are_noticed(lake: Lake, written: Callable[..., Path]) -> None:
    upload = uploads.announce(lake, written("a.csv", line("15:00:00", 1)))
    parsed = uploads.parse(lake, upload.id)
    next(records.parts_folder(lake, upload, parsed).rglob("*.parquet")).unlink()
    with pytest.raises(AccountingError, match="1 rows were read, 0 are left"):
        merge.build(lake, TRI, JAN4, "trades")
    assert not lake.table("ticks", "trades").path("lseg:TRI.N", JAN4).exists()


@pytest.mark.parametrize("wrong", ["kept", "repeats"])
def test_rows_lost_or_doubled_while_merging_are_noticed(
    lake: Lake, written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    split = merge.repeats.split

    def miscounted(rows: pl.DataFrame, kind: str) -> merge.repeats.Split:
        return split(rows, kind)._replace(**{wrong: rows.head(1)})

    monkeypatch.setattr(merge.repeats, "split", miscounted)
    upload = uploads.announce(lake, written("a.csv", line("15:00:00", 1), line("15:00:01", 2)))
    uploads.parse(lake, upload.id)
    with pytest.raises(AccountingError, match="does not add up"):
        merge.build(lake, TRI, JAN4, "trades")
    assert not lake.table("ticks", "trades").path("lseg:TRI.N", JAN4).exists()


# Any files, in any order.

print_ = st.builds(
    line,
    clock=st.sampled_from(["04:59:59.999999999", "05:00:00", "15:00:00.5", "15:00:00.7"]),
    price=st.sampled_from([1.5, 2.5]),
    size=st.sampled_from([1, 2]),
    qualifiers=st.sampled_from(["", "ODD[IRGCOND]", "CAN[IRGCOND]"]),
    seq=st.sampled_from(["", "3"]),
)
bad = st.just("TRI.N,Market Price,2018-01-04T15:00:00Z,Trade,,1,,")


def brute_force(files: Iterable[Sequence[str]]) -> Counter[tuple[str, ...]]:
    """How often each print is expected: the most that any one file has, whatever its sequence number."""
    most: Counter[tuple[str, ...]] = Counter()
    for lines in files:
        cells = (each.split(",") for each in lines)
        most |= Counter((when, price, size, marks) for _, _, when, _, price, size, _, marks in cells if price)
    return most


@settings(max_examples=25, deadline=None)
@given(files=st.lists(st.lists(st.one_of(print_, bad), min_size=1, max_size=8), min_size=1, max_size=3), data=st.data())
def test_any_files_in_any_order_give_the_same_bytes(files: list[list[str]], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lakes = []
        for attempt in range(2):
            lake = Lake(Path(folder) / f"lake{attempt}")
            for number in data.draw(st.permutations(range(len(files)))):
                path = Path(folder) / f"{number}.csv"
                path.write_text("\n".join([HEADER, *files[number]]) + "\n")
                ingest(lake, path)
            lakes.append(lake)
        one, two = (
            {place: content for place, content in published(lake).items() if place.startswith("ticks")}
            for lake in lakes
        )
        assert one == two

        table = lakes[0].table("ticks", "trades")
        days = [table.read(name, day) for name in table.instruments() for day in table.dates(name)]
        found = pl.concat([pl.DataFrame(schema=SCHEMA), *days])
        expected = brute_force(files)
        assert Counter(found.select("price", "size", pl.col("conditions").fill_null("")).rows()) == _projected(expected)
        assert sum(1 for mark in found["excluded_by"] if mark == "cancelled") == sum(
            count for (*_, marks), count in expected.items() if marks.startswith("CAN")
        )
        for status in uploads.ledger(lakes[0]):
            summary = account.summary(lakes[0], status.upload.id)
            assert summary["rows"] == summary["kept"] + summary["quarantined"] + summary["duplicates"]


def _projected(prints: Counter[tuple[str, ...]]) -> Counter[tuple[float, float, str]]:
    counts: Counter[tuple[float, float, str]] = Counter()
    for (_, price, size, marks), count in prints.items():
        counts[float(price), float(size), marks] += count
    return counts


# Killed, and several at once.

KILLED = """
import os, signal, sys
from pathlib import Path
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.ticks import merge, uploads

root, path, renames_left = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
rename = Path.replace

def counted(self, target):
    global renames_left
    renames_left -= 1
    if renames_left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)

Path.replace = counted
lake = Lake(root)
for kind, name, day in uploads.parse(lake, uploads.announce(lake, path, symbol=sys.argv[4]).id).touched:
    merge.build(lake, instrument(name), day, kind)
"""


def test_killed_at_any_rename_the_same_command_ends_the_same(written: Callable[..., Path], tmp_path: Path) -> None:
    path = written("a.csv", line("15:00:00", 1), line("15:00:01", 2))
    calm = Lake(tmp_path / "calm")
    ingest(calm, path, symbol="B.N")
    codes: list[int] = []
    while set(codes) <= {-signal.SIGKILL}:
        renames = len(codes)
        shaken = Lake(tmp_path / f"shaken{renames}")
        ingest(shaken, path, symbol="A.N")  # an older recipe, to be replaced
        command = [sys.executable, "-c", KILLED, str(shaken.root), str(path), str(renames), "B.N"]
        codes.append(subprocess.run(command, check=False).returncode)
        for status in uploads.ledger(shaken):  # what is published is whole at any moment
            for part in status.parsed.partitions if status.parsed else ():
                assert sum(share.rows().height for share in merge.shares(shaken)[part.cell]) == part.rows
        ingest(shaken, path, symbol="B.N")
        for kind, name, day in merge.stale(shaken):
            merge.build(shaken, instrument(name), day, kind)
        shaken.sweep()
        assert published(shaken) == published(calm)
        assert list(shaken.path("tmp").iterdir()) == []
    assert codes[-1] == 0
    assert len(codes) > 6  # upload, part, parts, quarantine, parsed, ticks; then it gets through


def test_two_ingests_at_once_double_nothing(lake: Lake, written: Callable[..., Path], tmp_path: Path) -> None:
    paths = [
        written(f"{n}.csv", *(line(f"15:00:{s:02}", s) for s in range(n, n + 20)), line("15:00:00", 1, day=JAN5))
        for n in range(3)
    ]
    calm = Lake(tmp_path / "calm")
    for path in paths:
        ingest(calm, path)
    with ThreadPoolExecutor(6) as executor:
        list(executor.map(lambda path: ingest(lake, path), paths * 4))
    assert published(lake) == published(calm)
    assert ticks(lake)["price"].to_list() == [float(s) for s in range(22)]


# Real files.


def test_three_bitflyer_days_in_any_order_twice(lake: Lake, tmp_path: Path, market_data: Path) -> None:
    days = sorted((market_data / "bitflyer_btcjpy_ticks").glob("bitflyer.execution.*.gz"))
    other = Lake(tmp_path / "other")
    ids = [ingest(lake, path) for path in days]
    before = published(lake)
    for path in [*days[::-1], *days]:
        ingest(other, path)
    for path in days:
        ingest(lake, path)
    assert published(lake) == before == published(other)
    told = [account.summary(lake, upload) for upload in ids]
    assert [(each["rows"], each["duplicates"], each["quarantined"]) for each in told] == [
        (143107, 96, 0),
        (190036, 0, 0),
        (165570, 0, 0),
    ]
    frame = pl.concat(
        lake.table("ticks", "trades").read("bitflyer:BTC_JPY", date(2018, 1, day)) for day in (21, 22, 23)
    )
    assert frame.height == sum(each["kept"] for each in told) == frame["trade_id"].n_unique()
    assert frame["ts_event"].is_sorted()
