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
from trading_ml.ticks.quarantine import QuarantineWriter

HEADER = "#RIC,Domain,Date-Time,Type,Price,Volume"


def _rows(first: int, count: int) -> pl.DataFrame:
    rows = [(row, f"price is not a number: 'x{row}'" if row % 2 else "blank line", f"text {row}") for row in
            range(first, first + count)]  # fmt: skip
    return pl.DataFrame(rows, schema=QUARANTINE, orient="row")


def test_rows_come_back_as_they_were_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "HELD_BYTES", 500)
    parts = [_rows(1 + 10 * number, 10) for number in range(20)]
    with QuarantineWriter(tmp_path / "rows") as writer:
        for part in parts:
            writer.add(part)
            writer.add(part.clear())
            assert writer._bytes < 500
    assert pl.read_parquet(tmp_path / "rows").equals(pl.concat(parts))
    assert (writer.rows, dict(writer.problems)) == (200, {"price is not a number": 100, "blank line": 100})


def test_without_rows_it_is_an_empty_table(tmp_path: Path) -> None:
    with QuarantineWriter(tmp_path / "rows") as writer:
        pass
    assert pl.read_parquet(tmp_path / "rows").schema == pl.Schema(QUARANTINE)
    assert (writer.rows, dict(writer.problems)) == (0, {})


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
