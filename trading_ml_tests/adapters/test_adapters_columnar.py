"""Parquet and Feather: the same rows and accounts as text, whatever types the columns came in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trading_ml.adapters import RawFile, columnar, csv, detect
from trading_ml.adapters.contract import Chunk
from trading_ml.core.errors import BadFile

START = datetime(2024, 3, 1, tzinfo=UTC)
MAPPING: dict[str, Any] = {
    "name": "mine",
    "kind": "trades",
    "columns": {"price": "price", "size": "size", "trade_id": "id", "seq": "id"},
    "time": {"column": "time"},
    "symbol": {"value": "X"},
}


def _table(rows: int) -> pl.DataFrame:
    times = [START + timedelta(milliseconds=7 * row) for row in range(rows)]
    return pl.DataFrame(
        {
            "time": pl.Series(times, dtype=pl.Datetime("ms", "UTC")),
            "price": [10 + row % 9 / 4 for row in range(rows)],
            "size": [1.0 + row for row in range(rows)],
            "id": [str(900 + row) for row in range(rows)],
            "note": ["é"] * rows,
        }
    )


def _write(path: Path, table: pl.DataFrame) -> Path:
    if path.suffix == ".parquet":
        table.write_parquet(path, row_group_size=1_000)
    else:
        table.write_ipc(path, compression="lz4", record_batch_size=1_000)
    return path


def _read(path: Path, mapping: dict[str, Any] | None = None, rows: int = columnar.ROWS) -> list[Chunk]:
    from trading_ml.adapters.csv.table import Told, forms

    made = forms(csv.parse(mapping or MAPPING, "mapping"), Told("X"))
    return list(columnar.read(RawFile(path, "0" * 64), made, None, rows))


both = pytest.mark.parametrize("name", ["t.parquet", "t.feather"])


@both
def test_rows_are_those_of_the_same_table_as_text(tmp_path: Path, name: str) -> None:
    table = _table(5_000)
    chunks = _read(_write(tmp_path / name, table), rows=777)
    assert chunks[0].rows == 777
    found = pl.concat(chunk.frame for chunk in chunks)
    text = tmp_path / "t.csv"
    text.write_text(table.with_columns(pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")).write_csv())
    same = pl.concat(chunk.frame for chunk in csv.adapter(csv.parse(MAPPING, "m")).read(RawFile(text, "0" * 64), None))
    assert found.drop("row").equals(same.drop("row"))
    assert found["row"].to_list() == list(range(1, 5_001))
    assert found["ts_event"].to_list() == table["time"].to_list()


@both
def test_what_is_no_row_is_quarantined_with_its_row_as_json(tmp_path: Path, name: str) -> None:
    table = _table(6).with_columns(
        id=pl.Series(["900", "x", "902", None, "904", "905"]),
        price=pl.Series([1.0, 1, None, 4, float("nan"), float("inf")]),
        time=pl.when(pl.col("id") == "903").then(None).otherwise("time"),
    )
    chunk = _read(_write(tmp_path / name, table))[0]
    assert (chunk.rows, chunk.frame["row"].to_list()) == (6, [1])
    assert chunk.quarantine["reason"].to_list() == [
        "id is not a whole number: 'x'",
        "price is empty",
        "time is empty",
        "price is not finite: NaN",
        "price is not finite: inf",
    ]
    told = json.loads(chunk.quarantine["text"][0])
    assert (told["id"], told["price"], told["note"]) == ("x", 1.0, "é")


def test_a_row_without_sequence_has_its_number(tmp_path: Path) -> None:
    mapping = {**MAPPING, "columns": {"price": "price", "size": "size"}}
    assert _read(_write(tmp_path / "t.parquet", _table(3)), mapping)[0].frame["seq"].to_list() == [1, 2, 3]


@pytest.mark.parametrize(
    ("form", "zone", "times", "ns"),
    [
        ("ms", None, pl.Series([1_709_251_200_123]), 1_709_251_200_123_000_000),
        ("s", None, pl.Series([1_709_251_200.5]), 1_709_251_200_500_000_000),
        ("iso", "Asia/Tokyo", pl.Series([datetime(2024, 3, 1, 9)]), 1_709_251_200_000_000_000),
        ("iso", None, pl.Series([START]).dt.convert_time_zone("America/New_York"), 1_709_251_200_000_000_000),
    ],
)
def test_times_come_in_many_types(tmp_path: Path, form: str, zone: str | None, times: pl.Series, ns: int) -> None:
    mapping = {**MAPPING, "time": {"column": "time", "format": form, **({"zone": zone} if zone else {})}}
    path = _write(tmp_path / "t.parquet", _table(1).with_columns(times.alias("time")))
    assert _read(path, mapping)[0].frame["ts_event"].dt.epoch("ns").item() == ns


def test_times_that_nanoseconds_cannot_say_are_refused(tmp_path: Path) -> None:
    early = pl.Series([datetime(1500, 1, 1), datetime(1850, 1, 1)]).dt.replace_time_zone("UTC")
    chunk = _read(_write(tmp_path / "t.parquet", _table(2).with_columns(early.alias("time"))))[0]
    assert chunk.frame.is_empty()
    assert [reason.partition(":")[0] for reason in chunk.quarantine["reason"]] == [
        "time is not a time with an offset", "time is no time from 1900 to 2199 (iso)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"price": pl.lit(True)}, "it has time .*, price .bool."),
        ({"time": pl.lit(START.replace(tzinfo=None))}, "has not the columns it should have"),
        ({"size": pl.lit([1.0])}, "has not the columns it should have"),
    ],
)
def test_columns_of_another_type_are_another_format(tmp_path: Path, change: dict[str, pl.Expr], said: str) -> None:
    path = _write(tmp_path / "t.parquet", _table(3).with_columns(**change))
    with pytest.raises(BadFile, match=said):
        _read(path)
    with pytest.raises(BadFile, match="of no known format"):
        detect(path)


@both
@pytest.mark.parametrize("keep", [0.2, 0.6, 0.99])
def test_a_file_that_breaks_off_is_refused_by_name(tmp_path: Path, name: str, keep: float) -> None:
    path = _write(tmp_path / name, _table(5_000))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(BadFile, match=rf"{name}: is truncated or corrupt"):
        _read(path)
    with pytest.raises(BadFile, match=rf"{name}: is truncated or corrupt"):
        detect(path)


def test_spoilt_bytes_never_get_further_than_a_bad_file(tmp_path: Path) -> None:
    whole = _write(tmp_path / "t.parquet", _table(300)).read_bytes()
    path = tmp_path / "spoilt.parquet"
    for at in range(0, len(whole), 37):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            chunks = _read(path)
        except BadFile:
            continue
        assert sum(chunk.rows for chunk in chunks) == sum(c.frame.height + c.quarantine.height for c in chunks)


def test_dictionaries_and_booleans_are_words(tmp_path: Path) -> None:
    mapping = {**MAPPING, "side": {"column": "maker", "buy": ["false"], "sell": ["true"]}}
    table = _table(2).to_arrow().append_column("maker", pa.array([True, False]))
    table = table.set_column(3, "id", pa.array(["7", "8"]).dictionary_encode())
    pq.write_table(table, tmp_path / "t.parquet")
    frame = _read(tmp_path / "t.parquet", mapping)[0].frame
    assert frame.select("trade_id", "side").rows() == [("7", "sell"), ("8", "buy")]


@both
def test_a_table_without_rows_has_none(tmp_path: Path, name: str) -> None:
    path = _write(tmp_path / name, _table(1).clear())
    mapping = csv.parse(MAPPING, "mapping")
    assert [chunk.rows for chunk in csv.adapter(mapping).read(RawFile.of(path), None)] == []


def test_a_zone_that_nobody_knows_is_a_bad_file(tmp_path: Path) -> None:
    times = pa.array([0], pa.timestamp("ms", "TC"))
    table = _table(1).to_arrow().set_column(0, "time", times)
    with pa.OSFile(str(tmp_path / "t.feather"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    adapter = csv.adapter(csv.parse(MAPPING, "mapping"))
    with pytest.raises(BadFile, match=r"t\.feather: is truncated or corrupt .*TC"):
        list(adapter.read(RawFile.of(tmp_path / "t.feather"), None))
