"""Merging: what all uploads hold for one instrument and date becomes its ticks, in one order whatever came first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from trading_ml.core.digest import digest
from trading_ml.core.errors import AccountingError
from trading_ml.core.instruments import Instrument, instrument, key_of
from trading_ml.core.lake import Lake, Receipt, Table
from trading_ml.core.progress import track
from trading_ml.core.settings import Settings
from trading_ml.ticks import records, repeats, search
from trading_ml.ticks.records import Cell, Part, Upload
from trading_ml.ticks.rules import Choice, chosen, judged, rules_digest

VERSION = 1
"""Raise it when the same parts would give other ticks: every partition is then merged again."""
ORDER = ("ts_event", "seq", "upload", "row")


class Share(NamedTuple):
    """What one upload gives to a cell, and the folder that holds its parts."""

    upload: Upload
    part: Part
    folder: Path

    def rows(self) -> pl.DataFrame:
        """The rows, in file order.

        Raises:
            AccountingError: when they are not all there.
        """
        place = self.folder / self.part.kind / key_of(self.part.instrument)
        paths = sorted(place.glob(f"{self.part.date}-*.parquet"), key=lambda path: int(path.stem.rpartition("-")[2]))
        frames = [pl.read_parquet(path) for path in paths]
        found = sum(frame.height for frame in frames)
        if found != self.part.rows:
            culprit = f"upload {self.upload.id}, {self.part.instrument} {self.part.date}"
            raise AccountingError(culprit, f"{self.part.rows} rows were read, {found} are left", "ingest it again")
        whole = pl.concat(frames, how="diagonal")
        always = records.always_of(self.part.kind).items()
        nothing = (pl.lit(None, of).alias(name) for name, of in always if name not in whole.columns)
        return ordered(whole.with_columns(*nothing, upload=pl.lit(self.upload.number, pl.UInt64)), ("row",))


def shares(lake: Lake, instrument: str | None = None) -> dict[Cell, list[Share]]:
    """What each upload gives to each cell (of one instrument), uploads in ascending order."""
    found: dict[Cell, list[Share]] = defaultdict(list)
    for upload in records.known(lake, instrument):
        if (parsed := records.parsed(lake, upload.id)) is None:
            continue
        folder = records.parts_folder(lake, upload, parsed)
        for part in parsed.partitions:
            if instrument in (None, part.instrument):
                found[part.cell].append(Share(upload, part, folder))
    return found


def build(lake: Lake, instrument: Instrument, day: date, kind: str) -> Receipt | None:
    """Merge the ticks of one date, unless they are current; where no upload holds any (more), there are none.

    Order is (`ts_event`, `seq`, `upload`, `row`), repeats are dropped (see `repeats.split`), rows that a cleaning
    rule rejects stay with its name in `excluded_by`. The receipt's facts hold, by upload: rows = kept + duplicates,
    and how many of the kept each rule excluded; and how often each text occurs, for searches.

    Returns:
        The receipt, or None where nothing remains for the date.

    Raises:
        AccountingError: when rows got lost or doubled on the way.
    """
    return build_dates(lake, instrument, [day], kind).get(day)


def build_dates(
    lake: Lake, instrument: Instrument, days: Iterable[date], kind: str, executor: Executor | None = None
) -> dict[date, Receipt]:
    """Merge several dates; see `build`. Dates for which nothing remains are missing in the answer.

    Args:
        lake: Where uploads and ticks are.
        instrument: Whose ticks.
        days: Local dates in the instrument's zone.
        kind: `trades`, `quotes`, `orders`, or the bars that files hold, such as `bars_1m`.
        executor: Where to work; by default as many threads as the settings allow.
    """
    cells = [Cell(kind, instrument.name, day) for day in sorted(set(days))]
    with ExitStack() as stack:
        # Whoever merges has read the ledger under the lock: an older view never overwrites a newer one.
        stack.enter_context(lake.lock("ticks", kind, instrument.key))
        known, choices = shares(lake, instrument.name), chosen(instrument, kind)
        pool = executor or stack.enter_context(ThreadPoolExecutor(Settings().workers))
        work = [pool.submit(_build, lake, cell, known.get(cell, []), choices) for cell in cells]
        done = track(f"merge {instrument.name} {kind}", (future.result() for future in work), len(work))
        return {cell.date: receipt for cell, receipt in zip(cells, done, strict=True) if receipt}


def build_span(
    lake: Lake, instrument: Instrument, start: date, end: date, executor: Executor | None = None
) -> dict[str, dict[date, Receipt]]:
    """Merge every kind over the dates from `start` to `end` (exclusive) that have, or had, ticks; see `build`."""
    return _build_kinds(lake, instrument, lambda day: start <= day < end, executor)


def build_days(
    lake: Lake, instrument: Instrument, days: Collection[date], executor: Executor | None = None
) -> dict[str, dict[date, Receipt]]:
    """Merge every kind over those of some dates that have, or had, ticks; see `build`."""
    return _build_kinds(lake, instrument, days.__contains__, executor)


def _build_kinds(
    lake: Lake, instrument: Instrument, wanted: Callable[[date], bool], executor: Executor | None
) -> dict[str, dict[date, Receipt]]:
    days: dict[str, set[date]] = defaultdict(set)
    for cell in [*shares(lake, instrument.name), *_published(lake, instrument.name)]:
        if wanted(cell.date):
            days[cell.kind].add(cell.date)
    return {kind: build_dates(lake, instrument, days[kind], kind, executor) for kind in sorted(days)}


def instruments(lake: Lake) -> list[str]:
    """Every instrument that uploads hold or of which there are ticks."""
    made = (name for kind in kinds(lake) for name in lake.table("ticks", kind).instruments())
    return sorted({*records.instruments(lake), *made})


def stale(lake: Lake, name: str | None = None) -> dict[Cell, str]:
    """Cells whose ticks are not what `build` would make today, each with the digest of what it would make them from.

    That is so after new or changed uploads, withdrawn ones, and changes of rules. Reads the records of uploads and
    the footers of ticks only; of the one instrument called `name`, at a cost that others do not add to.
    """
    known = shares(lake, name)
    rules = cache(lambda name, kind: rules_digest(chosen(instrument(name, Settings().instruments), kind)))
    wanted = {
        cell: _inputs(known.get(cell, []), rules(cell.instrument, cell.kind))
        for cell in sorted({*known, *_published(lake, name)})
    }
    return {
        cell: inputs
        for cell, inputs in wanted.items()
        if cell not in known or not _table(lake, cell).is_current(cell.instrument, cell.date, inputs)
    }


def columns(kind: str, found: pl.DataFrame) -> list[str]:
    """Columns of stored rows, in order: those every source has, where a row comes from, those only some have."""
    told = [*records.always_of(kind), "excluded_by", "upload", "row"]
    return told + [name for name in found.columns if name not in told]


def ordered(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Rows sorted by those of some columns that they have; where every one of them rises they are so already."""
    names = [name for name in by if name in rows.columns]
    return rows if all(rows[name].is_sorted() for name in names) else rows.sort(names)


def kinds(lake: Lake) -> list[str]:
    """Every kind of which there are rows: trades, quotes, orders, bars_1m, ..."""
    return sorted(path.name for path in lake.path("ticks").glob("*") if path.is_dir())


def _build(lake: Lake, cell: Cell, given: list[Share], choices: Sequence[Choice]) -> Receipt | None:
    table, inputs = _table(lake, cell), _inputs(given, rules_digest(choices))
    if not given:
        table.remove(cell.instrument, cell.date)
        return None
    receipt = table.receipt(cell.instrument, cell.date)
    if receipt and receipt.inputs == inputs:
        return receipt
    kept, duplicates = repeats.split(pl.concat([share.rows() for share in given], how="diagonal"), cell.kind)
    clean = judged(ordered(kept, ORDER), choices)
    ticks = clean.select(columns(cell.kind, clean))
    facts = {"uploads": _accounts(given, ticks, duplicates), "texts": search.counted(ticks)}
    return table.write(cell.instrument, cell.date, ticks, inputs, facts)


def _accounts(given: list[Share], ticks: pl.DataFrame, duplicates: pl.DataFrame) -> Mapping[str, Any]:
    """By upload: rows read, kept and dropped as duplicates, and of the kept how many each rule excluded."""
    alone = {(given[0].upload.number,): ticks.height} if len(given) == 1 else None
    kept, dropped = alone or _count(ticks, "upload"), _count(duplicates, "upload")
    excluded = _count(ticks.filter(pl.col("excluded_by").is_not_null()), "upload", "excluded_by")
    accounts = {}
    for upload, part, _ in given:
        account = {"rows": part.rows, "kept": kept.get((upload.number,), 0)}
        account["duplicates"] = dropped.get((upload.number,), 0)
        if part.rows != account["kept"] + account["duplicates"]:
            raise AccountingError(f"upload {upload.id}, {part.instrument} {part.date}", f"does not add up: {account}")
        rules = {rule: rows for (number, rule), rows in excluded.items() if number == upload.number}
        accounts[upload.id] = {**account, "excluded": rules}
    return accounts


def _count(rows: pl.DataFrame, *by: str) -> dict[tuple[Any, ...], int]:
    return {tuple(key): rows for *key, rows in rows.group_by(by).len().iter_rows()}


def _inputs(given: list[Share], rules: str) -> str:
    return digest(VERSION, rules, [(share.upload.sha256, share.part.digest) for share in given])


def _table(lake: Lake, cell: Cell) -> Table:
    return lake.table("ticks", cell.kind)


def _published(lake: Lake, instrument: str | None = None) -> list[Cell]:
    return [
        Cell(kind, name, day)
        for kind in kinds(lake)
        for name in ([instrument] if instrument else lake.table("ticks", kind).instruments())
        for day in lake.table("ticks", kind).dates(name)
    ]
