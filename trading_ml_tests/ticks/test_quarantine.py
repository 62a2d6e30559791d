"""Rows that are no ticks: counted in few words, kept whole, never held all at once."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from trading_ml.adapters import QUARANTINE
from trading_ml.core.lake import Lake
from trading_ml.ticks import quarantine, uploads
from trading_ml.ticks.quarantine import Refused

HEADER = "#RIC,Domain,Date-Time,Type,Price,Volume"


def _rows(first: int, count: int) -> pl.DataFrame:
    rows = [(row, f"price is not a number: 'x{row}'" if row % 2 else "blank line", f"text {row}") for row in
            range(first, first + count)]  # fmt: skip
    return pl.DataFrame(rows, schema=QUARANTINE, orient="row")


def test_rows_come_back_as_they_were_added(tmp_path: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "HELD_BYTES", 500)
    added, refused, lots = [_rows(1 + 10 * number, 10) for number in range(20)], Refused({"blank line": 7}), []
    for rows in added:
        refused.add(rows)
        refused.add(rows.clear())
        if refused.is_full:
            lots.append(tmp_path / str(len(lots)))
            lake.write_parquet(lots[-1], refused.lot())
            assert not refused.is_full
    lake.write_parquet(tmp_path / "last", refused.lot())
    assert quarantine.join([*lots, tmp_path / "last"], tmp_path / "rows") == 200
    assert len(lots) > 2
    assert pl.read_parquet(tmp_path / "rows").equals(pl.concat(added))
    assert (refused.rows, dict(refused.problems)) == (207, {"price is not a number": 100, "blank line": 107})


def test_without_rows_it_is_an_empty_table(tmp_path: Path) -> None:
    assert quarantine.join([], tmp_path / "rows") == 0
    assert pl.read_parquet(tmp_path / "rows").schema == pl.Schema(QUARANTINE)
    assert Refused({}).rows == 0


def test_an_upload_counts_by_problem_and_keeps_every_reason(lake: Lake, tmp_path: Path) -> None:
    broken = [f"ABF.L,,2023-07-03T08:00:00Z,Trade,p{n},1" for n in range(300)]
    broken += [f"ABF.L,,2023-07-03T08:00:00Z,T{n},1,1" for n in range(200)]
    broken += ["ABF.L" + "," * n for n in range(6, 106)]
    path = tmp_path / "broken.csv.gz"
    path.write_bytes(gzip.compress("\n".join([HEADER, *broken]).encode()))
    upload = uploads.announce(lake, path)
    receipt = uploads.parse(lake, upload.id)
    assert receipt.quarantined == {
        "Price is not a number": 300, "Type is not one of Trade, Quote": 200, "not the 6 columns of the table": 100,
    }  # fmt: skip
    told = json.loads(lake.path("uploads", upload.id, "parsed.json").read_text())
    assert len(json.dumps(told)) < 2_000
    kept = uploads.quarantine(lake, upload.id)
    assert kept["row"].to_list() == list(range(2, 602))
    assert kept["text"].to_list() == broken
    assert kept["reason"].n_unique() == 600
