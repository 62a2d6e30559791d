"""The lake: nothing is visible before it is whole, equal content gives equal bytes, one writer at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.errors import NoData
from trading_ml.core.lake import ROW_GROUP, Lake, publish, receipt_of
from trading_ml.core.time import NS

DAY = date(2024, 3, 1)
NAME = "lseg:ABF.L"


def rows(count: int = 3) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ts_event": pl.Series([10**18 + i for i in range(count)], dtype=NS),
            "price": [100.0 + i / 4 for i in range(count)],
            "seq": pl.Series(range(count), dtype=pl.Int64),
            "side": pl.Series(["buy", "sell", None][:count] * (count // 3 + 1), dtype=pl.Enum(["buy", "sell"])).head(
                count
            ),
            "conditions": pl.Series(["Odd Lot", None, "x"][:count] * (count // 3 + 1)).head(count),
            "upload": pl.Series([2**64 - 1] * count, dtype=pl.UInt64),
            "row": pl.Series(range(2, count + 2), dtype=pl.UInt32),
        }
    )


def everything_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_was_written_is_read_with_the_same_values_and_types(lake: Lake) -> None:
    table = lake.table("ticks", "trades")
    table.write(NAME, DAY, rows(), inputs="made of this")
    back = table.read(NAME, DAY)
    assert back.schema == rows().schema
    assert back.equals(rows())
    assert table.read(NAME, DAY, ["price"]).columns == ["price"]


def test_an_empty_partition_keeps_its_types(lake: Lake) -> None:
    table = lake.table("bars", "1m")
    assert table.write(NAME, DAY, rows().clear(), inputs="").rows == 0
    assert table.read(NAME, DAY).schema == rows().schema


@given(
    st.lists(st.tuples(st.integers(-(2**62), 2**62), st.floats(), st.none() | st.text(max_size=8)), max_size=30),
    st.sampled_from(["ts_open", "label_end", "anything"]),
)
def test_any_values_come_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, values: list, name: str) -> None:
    frame = pl.DataFrame(values, schema={name: NS, "value": pl.Float64, "text": pl.String}, orient="row")
    path = tmp_path_factory.getbasetemp() / "values.parquet"
    Lake(path.parent).write_parquet(path, frame)
    back = pl.from_arrow(pq.read_table(path))
    assert isinstance(back, pl.DataFrame)
    assert back.equals(frame)
    assert back["value"].to_numpy().tobytes() == frame["value"].to_numpy().tobytes()


def test_the_receipt_comes_back_from_the_footer(lake: Lake) -> None:
    table = lake.table("ticks", "trades")
    facts = {"uploads": {"ab12": {"rows": 4, "excluded": {"cancelled": 1}}}}
    written = table.write(NAME, DAY, rows(), inputs="abc", facts=facts)
    assert table.receipt(NAME, DAY) == written
    assert (written.rows, written.inputs, written.facts) == (3, "abc", facts)
    assert table.receipt(NAME, date(2024, 3, 2)) is None


def test_a_parquet_file_of_somebody_else_has_no_receipt(tmp_path: Path) -> None:
    rows().write_parquet(tmp_path / "foreign.parquet")
    assert receipt_of(tmp_path / "foreign.parquet") is None


def test_equal_content_gives_equal_bytes_however_the_frame_was_put_together(lake: Lake) -> None:
    whole = rows(3 * 1000)
    chunked = pl.concat([whole.slice(at, 700) for at in range(0, whole.height, 700)], rechunk=False)
    one, other = lake.path("one.parquet"), lake.path("other.parquet")
    lake.write_parquet(one, whole, "inputs", {"b": 1, "a": 2})
    lake.write_parquet(other, chunked, "inputs", {"a": 2, "b": 1})
    assert chunked.n_chunks() > 1
    assert one.read_bytes() == other.read_bytes()


def test_a_light_file_holds_the_same_rows_and_equal_bytes_for_equal_content(lake: Lake) -> None:
    one, other = lake.path("one.parquet"), lake.path("other.parquet")
    assert lake.write_parquet(one, rows(), light=True) == lake.write_parquet(other, rows(), light=True)
    assert one.read_bytes() == other.read_bytes()
    assert pl.read_parquet(one).equals(rows())


def test_the_digest_names_the_rows_and_not_what_they_were_made_from(lake: Lake) -> None:
    path = lake.path("some.parquet")
    first = lake.write_parquet(path, rows(), "made of this")
    assert lake.write_parquet(path, rows(), "made of that", {"fact": 1}).digest == first.digest
    dearer = rows().with_columns(pl.col("price") + 0.25)
    narrower = rows().with_columns(pl.col("seq").cast(pl.Int32))
    renamed = rows().rename({"seq": "sequence"})
    digests = {first.digest, *(lake.write_parquet(path, frame).digest for frame in (dearer, narrower, renamed))}
    assert len(digests) == 4


def test_long_partitions_are_cut_into_row_groups_for_random_access(lake: Lake) -> None:
    path = lake.path("long.parquet")
    lake.write_parquet(path, rows(ROW_GROUP + 1))
    footer = pq.read_metadata(path)
    assert [footer.row_group(i).num_rows for i in range(footer.num_row_groups)] == [ROW_GROUP, 1]


def test_a_partition_is_current_only_for_the_inputs_it_was_made_from(lake: Lake) -> None:
    table = lake.table("bars", "1m")
    assert not table.is_current(NAME, DAY, "abc")
    table.write(NAME, DAY, rows(), inputs="abc")
    assert table.is_current(NAME, DAY, "abc")
    assert not table.is_current(NAME, DAY, "abd")


def test_a_table_knows_its_instruments_and_dates(lake: Lake) -> None:
    table = lake.table("bars", "1m")
    for name, day in [("trth:BRK/B", DAY), (NAME, date(2024, 3, 5)), (NAME, DAY)]:
        table.write(name, day, rows(), inputs="")
    assert table.instruments() == [NAME, "trth:BRK/B"]
    assert table.dates(NAME) == [DAY, date(2024, 3, 5)]
    assert table.dates("lseg:NONE") == []
    assert table.pick("BRK/B") == "trth:BRK/B"
    table.remove("trth:BRK/B", DAY)
    table.remove("trth:BRK/B", DAY)
    assert table.instruments() == [NAME]


def test_a_missing_partition_is_named(lake: Lake) -> None:
    with pytest.raises(NoData, match=r"bars/1m lseg:ABF\.L 2024-03-01: is not there"):
        lake.table("bars", "1m").read(NAME, DAY)


def test_json_is_sorted_and_readable(lake: Lake) -> None:
    lake.write_json(lake.path("a", "b.json"), {"b": 1, "a": DAY})
    assert lake.path("a", "b.json").read_text() == '{\n "a": "2024-03-01",\n "b": 1\n}\n'


def test_a_failed_write_leaves_the_old_file_and_no_leftovers(lake: Lake) -> None:
    path = lake.path("kept.bin")
    lake.write_bytes(path, b"old")
    with pytest.raises(TypeError):
        lake.write_bytes(path, "not bytes")  # pyright: ignore[reportArgumentType]
    assert path.read_bytes() == b"old"
    assert everything_below(lake.root) == {"kept.bin"}


def test_a_folder_appears_whole(lake: Lake) -> None:
    with lake.staging() as staged:
        (staged / "new" / "deep").mkdir(parents=True)
        (staged / "new" / "deep" / "f").write_text("x")
        publish(staged / "new", lake.path("uploads", "ab"))
    assert everything_below(lake.root) == {"uploads/ab/deep/f"}


# A writer that dies: it stops right before the rename, and the parent kills it there.
DIES_HALFWAY = """
import sys, time
from datetime import date
from pathlib import Path
import polars as pl
from trading_ml.core import lake as room

def never(staged, final):
    print("written", flush=True)
    time.sleep(60)

room.publish = never
room.Lake(Path(sys.argv[1])).table("bars", "1m").write("lseg:ABF.L", date(2024, 3, 1), pl.DataFrame({"a": [1]}), "")
"""


def test_a_writer_killed_halfway_leaves_nothing_visible_and_sweep_takes_its_leftovers(lake: Lake) -> None:
    table = lake.table("bars", "1m")
    with subprocess.Popen([sys.executable, "-c", DIES_HALFWAY, lake.root], stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"written\n"
        assert table.dates(NAME) == []
        assert lake.sweep() == 0, "the writer still lives: its unfinished work is not ours to remove"
        assert everything_below(lake.root) != set()
        writer.send_signal(signal.SIGKILL)
    assert table.dates(NAME) == []
    assert lake.sweep() == 1
    assert everything_below(lake.root) == set()
    table.write(NAME, DAY, rows(), inputs="")
    assert table.dates(NAME) == [DAY]


def test_readers_see_the_old_partition_or_the_new_one_and_nothing_between(lake: Lake) -> None:
    table = lake.table("bars", "1m")
    versions = [rows(count) for count in (3, 300, 3000)]
    table.write(NAME, DAY, versions[0], inputs="")

    def write(turn: int) -> None:
        table.write(NAME, DAY, versions[turn % 3], inputs=str(turn))

    def read(_: int) -> bool:
        seen = table.read(NAME, DAY)
        return any(seen.equals(version) for version in versions)

    with ThreadPoolExecutor(4) as pool:
        writes = [pool.submit(write, turn) for turn in range(60)]
        assert all(pool.map(read, range(300)))
        for done in writes:
            done.result()
    assert everything_below(lake.root) == {f"bars/1m/lseg@ABF.L/{DAY}.parquet"}


def _add_one_slowly(root: Path, times: int) -> None:
    lake = Lake(root)
    for _ in range(times):
        with lake.lock("ledger", "a/b"):
            count = int((root / "count").read_text())
            time.sleep(0.002)
            (root / "count").write_text(str(count + 1))


def test_a_lock_keeps_other_processes_out(tmp_path: Path) -> None:
    (tmp_path / "count").write_text("0")
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_add_one_slowly, args=(tmp_path, 20)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert (tmp_path / "count").read_text() == "40"


HOLDS_THE_LOCK = """
import sys, time
from pathlib import Path
from trading_ml.core.lake import Lake
with Lake(Path(sys.argv[1])).lock("ledger"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_lock_of_a_killed_process_is_free(lake: Lake) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDS_THE_LOCK, lake.root], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        os.kill(holder.pid, signal.SIGKILL)
    with lake.lock("ledger"):
        pass
