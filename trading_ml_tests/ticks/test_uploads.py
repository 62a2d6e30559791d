"""Uploads: what is refused, what is recorded, and what reading leaves behind."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from trading_ml import adapters
from trading_ml.adapters import QUARANTINE, Adapter, Chunk, RawFile, lseg
from trading_ml.core import progress
from trading_ml.core.errors import AccountingError, BadFile, BadParams, NoData, Unknown
from trading_ml.core.lake import Lake
from trading_ml.ticks import parts, records, uploads
from trading_ml.ticks.records import Cell

HEADER = "#RIC,Domain,Date-Time,Type,Price,Volume,Qualifiers"
ABF = f"""{HEADER}
ABF.L,Market Price,2023-07-03T08:00:00.1+01,Trade,1995.5,804,
ABF.L,Market Price,2023-07-03T23:30:00+01,Trade,1996,1,
ABF.L,Market Price,2023-07-03T23:30:00Z,Trade,1997,2,ODD[IRGCOND]
ABF.L,Market Price,2023-07-04T08:00:00+01,Trade,,2,
VOD.L,Market Price,2023-07-03T08:00:00+01,Trade,70.5,9,
"""


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A raw file of two instruments and two London dates, with one row without a price."""
    path = tmp_path / "raw" / "trades.csv.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(ABF.encode()))
    return path


def files(folder: Path) -> dict[str, bytes]:
    """Everything below a folder but locks."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if not name.startswith("locks")}


# What is refused, with nothing written.


def test_a_missing_file(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"gone\.csv: does not exist"):
        uploads.announce(lake, tmp_path / "gone.csv")
    assert not lake.root.exists()


def test_a_directory(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="is a directory"):
        uploads.announce(lake, tmp_path)
    assert not lake.root.exists()


def test_several_files_are_checked_in_their_order_and_the_first_bad_one_is_told(raw: Path, tmp_path: Path) -> None:
    other = raw.with_name("other.csv")
    other.write_text(ABF)
    assert [upload.name for upload in uploads.check_all([raw, other, raw])] == [raw.name, other.name, raw.name]
    with pytest.raises(BadFile, match=r"gone\.csv: does not exist"):
        uploads.check_all([raw, tmp_path / "gone.csv", tmp_path])


@pytest.mark.parametrize(
    "content", [b"", gzip.compress(b""), b"\n\n", gzip.compress(b" \r\n")], ids=["plain", "gz", "blank", "blank gz"]
)
def test_an_empty_file(lake: Lake, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty.csv"
    path.write_bytes(content)
    with pytest.raises(BadFile, match="is empty"):
        uploads.announce(lake, path)
    assert not lake.root.exists()


def test_an_unknown_adapter(lake: Lake, raw: Path) -> None:
    with pytest.raises(Unknown, match="lsge: unknown adapter; did you mean 'lseg'"):
        uploads.announce(lake, raw, adapter="lsge")
    assert not lake.root.exists()


def test_the_wrong_adapter(lake: Lake, raw: Path) -> None:
    with pytest.raises(BadFile, match="is not of the bitflyer format; it looks like lseg"):
        uploads.announce(lake, raw, adapter="bitflyer")
    assert not lake.root.exists()


def test_the_wrong_adapter_for_a_file_of_no_format(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("roses are red\n")
    with pytest.raises(BadFile, match="is not of the lseg format; its first lines are of no known format"):
        uploads.announce(lake, path, adapter="lseg")
    with pytest.raises(BadFile, match="of no known format"):
        uploads.announce(lake, path)
    assert not lake.root.exists()


def test_a_file_of_two_formats(lake: Lake, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(adapters.ADAPTERS, "twin", replace(lseg.ADAPTER, name="twin"))
    with pytest.raises(BadFile, match=r"could be lseg .* and twin"):
        uploads.announce(lake, raw)
    assert uploads.announce(lake, raw, adapter="twin").adapter == "twin"


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
def test_a_truncated_gz(lake: Lake, tmp_path: Path, keep: float) -> None:
    path = tmp_path / "trades.csv.gz"
    lines = "".join(f"ABF.L,Market Price,2023-07-03T08:00:{n % 60:02}Z,Trade,{n},{n},\n" for n in range(20_000))
    whole = gzip.compress(f"{HEADER}\n{lines}".encode())
    path.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(BadFile, match="truncated"):
        uploads.announce(lake, path)
    assert not lake.root.exists()


def test_an_empty_symbol(lake: Lake, raw: Path) -> None:
    with pytest.raises(BadParams):
        uploads.announce(lake, raw, symbol="")
    assert not lake.root.exists()


# What is recorded.


def test_announcing_records_what_the_file_is(lake: Lake, raw: Path) -> None:
    upload = uploads.announce(lake, raw)
    told = json.loads(lake.path("uploads", upload.id, "upload.json").read_text())
    assert told == {
        "path": str(raw), "name": "trades.csv.gz", "adapter": "lseg", "symbol": None,
        "sha256": upload.sha256, "bytes": raw.stat().st_size, "mapping": None,
    }  # fmt: skip
    assert upload.number == int(upload.sha256[:16], 16)
    assert [(status.upload, status.state, status.touched) for status in uploads.ledger(lake)] == [
        (upload, "announced", ())
    ]


def test_a_relative_path_is_recorded_absolute(lake: Lake, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(raw.parent)
    assert uploads.announce(lake, Path(raw.name)).path == str(raw)


def test_the_same_bytes_elsewhere_are_the_same_upload(lake: Lake, raw: Path) -> None:
    first = uploads.announce(lake, raw)
    uploads.parse(lake, first.id)
    before = files(lake.root)
    copy = raw.rename(raw.with_name("copy.csv.gz"))
    second = uploads.announce(lake, copy)
    uploads.parse(lake, second.id)
    assert (second.id, second.path) == (first.id, str(copy))
    assert len(uploads.ledger(lake)) == 1
    changed = {name for name, content in files(lake.root).items() if before.get(name) != content}
    assert changed == {f"uploads/{first.id}/upload.json"}


# What reading leaves.


def test_parsing_puts_every_row_into_its_local_date_or_the_quarantine(lake: Lake, raw: Path) -> None:
    upload = uploads.announce(lake, raw)
    receipt = uploads.parse(lake, upload.id)
    assert {(part.kind, part.instrument, str(part.date)): part.rows for part in receipt.partitions} == {
        ("trades", "lseg:ABF.L", "2023-07-03"): 2,
        ("trades", "lseg:ABF.L", "2023-07-04"): 1,  # half past midnight in London
        ("trades", "lseg:VOD.L", "2023-07-03"): 1,
    }
    assert receipt.rows == 5
    assert receipt.quarantined == {"Price is empty": 1}
    assert receipt.touched == tuple(part.cell for part in receipt.partitions)
    assert uploads.quarantine(lake, upload.id).rows() == [
        (5, "Price is empty", "ABF.L,Market Price,2023-07-04T08:00:00+01,Trade,,2,")
    ]
    assert [status.state for status in uploads.ledger(lake)] == ["parsed"]


def test_parsing_twice_reads_once(lake: Lake, raw: Path) -> None:
    upload = uploads.announce(lake, raw)
    first = uploads.parse(lake, upload.id)
    before = files(lake.root)
    raw.unlink()
    assert uploads.parse(lake, upload.id) == first
    assert files(lake.root) == before


def test_parts_are_flushed_as_they_come(lake: Lake, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "FLUSH_ROWS", 1)
    monkeypatch.setitem(adapters.ADAPTERS, "lseg", replace(lseg.ADAPTER, read=_row_by_row))
    upload = uploads.announce(lake, raw)
    receipt = uploads.parse(lake, upload.id)
    place = records.parts_folder(lake, upload, receipt) / "trades" / "lseg@ABF.L"
    assert sorted(path.name for path in place.iterdir()) == [
        "2023-07-03-0.parquet", "2023-07-03-1.parquet", "2023-07-04-0.parquet"
    ]  # fmt: skip


def test_progress_reaches_the_end(lake: Lake, raw: Path) -> None:
    upload, told, heard = uploads.announce(lake, raw), [], []
    uploads.parse(lake, upload.id, progress=lambda *state: told.append(state))
    assert told[-1] == (upload.bytes, upload.bytes, 5)
    other = uploads.announce(lake, raw, symbol=None, adapter="lseg")
    lake.path("uploads", other.id, "parsed.json").unlink()
    with progress.listen(lambda *state: heard.append(state)):
        uploads.parse(lake, other.id)
    what, done, total, note = heard[-1]
    assert (what, done, total) == ("read trades.csv.gz", upload.bytes, upload.bytes)
    assert note.startswith("0 of 0 MiB, 5 rows")


def test_an_unknown_upload(lake: Lake) -> None:
    with pytest.raises(NoData, match="is not known"):
        uploads.parse(lake, "0" * 16)
    with pytest.raises(NoData, match="was not parsed"):
        uploads.quarantine(lake, "0" * 16)


def test_a_file_that_changed_since(lake: Lake, raw: Path) -> None:
    upload = uploads.announce(lake, raw)
    raw.write_bytes(gzip.compress(ABF.replace("1996", "1996.5").encode()))
    with pytest.raises(BadFile, match="has changed since it was announced; ingest it again"):
        uploads.parse(lake, upload.id)
    assert [status.state for status in uploads.ledger(lake)] == ["announced"]


def test_an_adapter_that_loses_rows(lake: Lake, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lossy(file: RawFile, symbol: str | None) -> Iterator[Chunk]:
        for chunk in lseg.read(file, symbol):
            yield chunk._replace(frame=chunk.frame.head(1))

    monkeypatch.setitem(adapters.ADAPTERS, "lseg", replace(lseg.ADAPTER, read=lossy))
    upload = uploads.announce(lake, raw)
    with pytest.raises(AccountingError, match="5 rows became 1 ticks and 1 in quarantine"):
        uploads.parse(lake, upload.id)
    assert list(files(lake.root)) == [f"uploads/{upload.id}/upload.json"]


# Another recipe.


def test_another_symbol_replaces_what_was_read(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("\n".join(ABF.splitlines()[:4]) + "\n")
    first = uploads.parse(lake, uploads.announce(lake, path, symbol="X.L").id)
    upload = uploads.announce(lake, path, symbol="Y.L")
    assert [status.state for status in uploads.ledger(lake)] == ["announced"]
    second = uploads.parse(lake, upload.id)
    assert {part.instrument for part in second.partitions} == {"lseg:Y.L"}
    assert set(second.touched) == {*first.touched, *(part.cell for part in second.partitions)}
    assert Cell("trades", "lseg:X.L", first.partitions[0].date) in second.touched
    folders = list(lake.path("uploads", upload.id, "parts").iterdir())
    assert [folder.name for folder in folders] == [second.folder]


def test_a_changed_zone_is_read_again(lake: Lake, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = uploads.announce(lake, raw)
    uploads.parse(lake, upload.id)
    facts = raw.with_name("instruments.yaml")
    facts.write_text("- {match: 'lseg:ABF.L', zone: UTC}\n")
    monkeypatch.setenv("TRADING_ML_INSTRUMENTS", str(facts))
    assert [status.state for status in uploads.ledger(lake)] == ["announced"]
    rows = {(part.instrument, str(part.date)): part.rows for part in uploads.parse(lake, upload.id).partitions}
    assert rows == {("lseg:ABF.L", "2023-07-03"): 3, ("lseg:VOD.L", "2023-07-03"): 1}


def test_a_changed_adapter_is_read_again_and_equal_parts_stay(
    lake: Lake, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = uploads.announce(lake, raw)
    first = uploads.parse(lake, upload.id)
    monkeypatch.setitem(adapters.ADAPTERS, "lseg", replace(lseg.ADAPTER, declaration="edited"))
    assert [status.state for status in uploads.ledger(lake)] == ["announced"]
    second = uploads.parse(lake, upload.id)
    assert second.recipe != first.recipe
    assert (second.folder, second.partitions) == (first.folder, first.partitions)


def test_parts_that_were_deleted_are_read_again(lake: Lake, raw: Path) -> None:
    upload = uploads.announce(lake, raw)
    first = uploads.parse(lake, upload.id)
    folder = records.parts_folder(lake, upload, first)
    folder.rename(lake.root / "lost")
    assert uploads.parse(lake, upload.id) == first
    assert folder.is_dir()


def test_a_file_without_a_single_tick_is_all_quarantine(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    path.write_text(f"{HEADER}\nABF.L,Market Price,2023-07-04T08:00:00+01,Trade,,2,\n")
    receipt = uploads.parse(lake, uploads.announce(lake, path).id)
    assert (receipt.rows, receipt.partitions, receipt.touched) == (1, (), ())


def test_many_rows_of_many_symbols_need_little_memory_at_once(
    lake: Lake, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []

    def endless(file: RawFile, symbol: str | None) -> Iterator[Chunk]:
        chunk = next(lseg.read(file, symbol))
        frame = pl.concat([chunk.frame] * 25)
        for _ in range(40):
            yield Chunk("trades", frame, pl.DataFrame(schema=QUARANTINE), frame.height)

    flush = parts.PartWriter._flush

    def spied(writer: parts.PartWriter, more: bool = True) -> None:
        held.append(writer._held)
        flush(writer, more)

    monkeypatch.setattr(parts, "FLUSH_ROWS", 1000)
    monkeypatch.setattr(parts.PartWriter, "_flush", spied)
    monkeypatch.setitem(adapters.ADAPTERS, "lseg", Adapter("lseg", "", lseg.fits, endless))
    assert uploads.parse(lake, uploads.announce(lake, raw).id).rows == 4000
    assert max(held) == 1000


def _row_by_row(file: RawFile, symbol: str | None) -> Iterator[Chunk]:
    for chunk in lseg.read(file, symbol):
        yield chunk._replace(frame=chunk.frame.clear(), rows=chunk.quarantine.height)
        for at in range(chunk.frame.height):
            yield Chunk(chunk.kind, chunk.frame[at : at + 1], pl.DataFrame(schema=QUARANTINE), 1)


def test_nothing_unfinished_stays(lake: Lake, raw: Path) -> None:
    uploads.parse(lake, uploads.announce(lake, raw).id)
    assert os.listdir(lake.path("tmp")) == []  # noqa: PTH208
