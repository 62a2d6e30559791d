"""`Ticks`: all ticks of an instrument as one sequence, whatever files they came from."""

from __future__ import annotations

from bisect import bisect_left
from functools import partial
from operator import index as as_integer
from pathlib import Path
from typing import Any, Self, overload

import numpy as np
import polars as pl

from trading_ml.core.errors import BadParams, OutOfRange, Unknown
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings
from trading_ml.core.time import date_of
from trading_ml.ticks.cells import date_of_cell
from trading_ml.ticks.days import Days
from trading_ml.ticks.display import Display
from trading_ml.ticks.merge import kinds
from trading_ml.ticks.neighbours import Block, Neighbours
from trading_ml.ticks.origin import Origins
from trading_ml.ticks.prices import stamps
from trading_ml.ticks.ranges import Floats
from trading_ml.ticks.recent import Recent
from trading_ml.ticks.search import Search

PRICED = ("trades", "quotes")
KINDS = (*PRICED, "orders")
_MEMORY = 256 * 2**20
_PAGE = 4096
"""Ticks read around one that is asked for alone: its neighbours are usually next."""


class Ticks:
    """The ticks of one instrument in tick order, excluded ones included, read where they are asked for.

    Opening reads only how many ticks each day has; later, memory holds what was used last, within a bound. It is a
    snapshot: after an ingest that touched the instrument, open again.

    Example:
        >>> ticks = Ticks.open("bitflyer:BTC_JPY")  # doctest: +SKIP
        >>> len(ticks), ticks[-1]["price"], ticks[1000:2000].height  # doctest: +SKIP
        (1170214, 1211650.0, 1000)
    """

    def __init__(self, days: Days) -> None:
        self.instrument, self.dates = days.instrument, tuple(days.dates)
        self._days = days
        self._pages: Recent[pl.DataFrame] = Recent(_MEMORY // 8, lambda frame: int(frame.estimated_size()))
        self._blocks: Recent[Block] = Recent(_MEMORY, lambda block: block.nbytes)
        self._neighbours: dict[tuple[str, int], Neighbours] = {}
        self._origins, self._display = Origins(days.table.lake), Display(days)

    @classmethod
    def open(cls, name: str, kind: str = "trades", data: Path | str | None = None) -> Self:
        """Open the ticks of an instrument.

        Args:
            name: `SOURCE:SYMBOL`, or the bare symbol where it is unique.
            kind: "trades" or "quotes"; also "orders", or bars that files tell such as "bars_1m", which can be looked
                at one by one but have no bars around them and no drawing.
            data: Root folder; that of the settings by default.

        Raises:
            Unknown: when there is no such kind or instrument. BadInput: when a bare symbol is ambiguous.
        """
        lake = Lake(Path(data or Settings().data))
        if kind not in KINDS and kind not in (known := kinds(lake)):
            raise Unknown.of("kind of ticks", kind, {*KINDS, *known})
        table = lake.table("ticks", kind)
        return cls(Days(table, instrument(table.pick(name), Settings().instruments)))

    def __len__(self) -> int:
        return int(self._days.bounds[-1])

    def __repr__(self) -> str:
        kind = self._days.table.parts[-1]
        return f"<Ticks {self.instrument.name}: {len(self):,} {kind} on {len(self.dates):,} days>"

    @overload
    def __getitem__(self, key: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, key: slice) -> pl.DataFrame: ...
    def __getitem__(self, key: int | slice) -> dict[str, Any] | pl.DataFrame:
        """One tick as a dict of Python values, or a slice of ticks as a DataFrame.

        Python's datetime ends at microseconds; `ticks[i : i + 1]` has the nanoseconds.

        Raises:
            OutOfRange: when there is no such tick.
        """
        if isinstance(key, slice):
            return self._slice(range(*key.indices(len(self))))
        at = self._position(key)
        number = self._days.holding(at)
        page, row = divmod(at - int(self._days.bounds[number]), _PAGE)
        rows = self._pages.get((number, page), partial(self._read, number, page * _PAGE, (page + 1) * _PAGE))
        return rows.row(row, named=True)

    def index_at(self, ns: int) -> int:
        """Position of the first tick at or after a moment in nanoseconds UTC; `len` of the ticks if there is none."""
        day = date_of_cell(self._days.table.parts[-1], date_of(ns, self.instrument.zone))
        number = bisect_left(self.dates, day)
        start = int(self._days.bounds[number])
        if number == len(self.dates):
            return start
        held = self._days.table.read(self.instrument.name, self._days.verified(number), ["ts_event"])
        return start + int(np.searchsorted(stamps(held), ns))

    def random_index(self, seed: int | None = None) -> int:
        """Position of a tick drawn with equal chances, the same one for the same seed and ticks.

        Raises:
            OutOfRange: when there are no ticks.
        """
        self._position(0)
        return int(np.random.default_rng(seed).integers(len(self)))

    def packet(self, index: int) -> dict[str, Any]:
        """One tick with all that is known about it, ready for JSON.

        Returns:
            instrument, kind, position; the tick's own columns, times in nanoseconds of ISO 8601; and of the raw file:
            file, adapter, upload, line, text (that line) and fields (its cells by the names in the header).

        Raises:
            OutOfRange: when there is no such tick.
            BadFile: when the raw file has moved or changed since it was ingested.
        """
        at = self._position(index)
        said = pl.selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%S.%9fZ")
        tick = self[at : at + 1].with_columns(said).row(0, named=True)
        origin = self._origins.of(tick.pop("upload"), tick.pop("row"))
        kind = self._days.table.parts[-1]
        return {"instrument": self.instrument.name, "kind": kind, "position": at, **tick, **origin}

    def search(self, pattern: str, column: str = "conditions") -> Search:
        """The ticks whose text in a column matches a regular expression: their count, positions, next and previous."""
        return Search(self._days, pattern, column)

    def display(self, start: int | None = None, end: int | None = None, points: int = 4000) -> pl.DataFrame:
        """What to draw of a span, by MinMaxLTTB: at most `points` of its usable ticks, `ts_event` and `price`.

        Quotes are drawn at their mid. The lowest and the highest tick of the span are always among them. Wide spans are
        read from the pyramid, see `ticks.pyramid`; where that was not built, from all their ticks.

        Args:
            start: First moment in nanoseconds UTC; by default that of the first tick.
            end: Moment after the last; by default after the last tick.
            points: Most ticks to return.

        Raises:
            BadParams: when `points` is less than 4, or the rows are no ticks.
        """
        self._demand_prices("drawing")
        low = 0 if start is None else self.index_at(start)
        high = len(self) if end is None else self.index_at(end)
        return self._display.points(low, max(low, high), points)

    def get_bars(
        self,
        index: int,
        count: int,
        unit: str,
        size: int = 1,
        future: bool = False,
        prevent_lookahead_bias: bool = True,
    ) -> Floats:
        """The `count` time bars next to a tick, oldest first, as an array (≤ `count`, 8).

        Columns: open, high, low, close, trades, volume, mean size, max size. With k the bar that holds the tick:

        | future | prevent_lookahead_bias | bars              |
        | ------ | ---------------------- | ----------------- |
        | no     | yes                    | k − count … k − 1 |
        | yes    | yes                    | k + 1 … k + count |
        | no     | no                     | k − count + 1 … k |
        | yes    | no                     | k … k + count − 1 |

        Bar k is whole, so it also tells what was traded after the tick. Bars are half-open, anchored at local
        midnight of the instrument and cut at the next; bars of several days take the calendar dates of equal
        ordinal // `size`. Intervals without usable ticks have no bar and are stepped over, and fewer rows come back
        where the ticks end. Excluded ticks enter no bar: asked for one, k is the bar of its interval, and if that
        interval has none, the bars before it are past and those after it future.

        Args:
            index: Position of a tick; negative ones count from the end.
            count: Most bars to return.
            unit: "second", "minute", "hour" or "day".
            size: Units in a bar.
            future: Bars after the tick instead of bars before it.
            prevent_lookahead_bias: Leave out bar k, which is not complete at the tick.

        Raises:
            OutOfRange: when there is no such tick. Unknown: when the unit is none of the four.
            BadParams: when `count` or `size` is not positive, or the rows are no ticks.
        """
        if count < 1:
            raise BadParams(f"count {count}", "is not a positive number of bars")
        self._demand_prices("bars")
        if (unit, size) not in self._neighbours:
            self._neighbours[unit, size] = Neighbours(self._days, unit, size, self._blocks)
        near = self._neighbours[unit, size]
        search = near.after if future else near.before
        return search(self._position(index), count, own=not prevent_lookahead_bias)

    def _demand_prices(self, what: str) -> None:
        if (kind := self._days.table.parts[-1]) not in PRICED:
            raise BadParams(f"kind {kind}", f"has no {what}: its rows are no ticks", f"open {' or '.join(PRICED)}")

    def _position(self, index: int) -> int:
        at = as_integer(index)
        if not -len(self) <= at < len(self):
            raise OutOfRange(f"tick {at} of {self.instrument.name}", f"is not there: {len(self):,} ticks are known")
        return at % len(self)

    def _slice(self, wanted: range) -> pl.DataFrame:
        """Days may differ in the optional columns (`ts_recv`, `trade_id`): where one is absent it is null."""
        low, high = (min(wanted[0], wanted[-1]), max(wanted[0], wanted[-1]) + 1) if wanted else (0, 0)
        bounds, first, last = self._days.bounds, self._days.holding(low), self._days.holding(max(low, high - 1))
        days = range(first, last + 1)
        pieces = [self._read(day, max(low - int(bounds[day]), 0), high - int(bounds[day])) for day in days]
        frame = pl.concat(pieces, how="diagonal") if len(pieces) > 1 else pieces[0]
        return frame if wanted.step == 1 else frame[:: wanted.step]

    def _read(self, number: int, start: int, stop: int) -> pl.DataFrame:
        """Rows [`start`, `stop`) of a day, as far as it has them."""
        day = self._days.verified(number)
        return self._days.table.scan(self.instrument.name, day).slice(start, stop - start).collect()
