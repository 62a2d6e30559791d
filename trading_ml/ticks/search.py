"""Search over the text that comes with ticks: which of them match, how many, and where the next one is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce
from itertools import compress
from operator import or_

import numpy as np
import polars as pl

from trading_ml.core.errors import BadParams, Unknown
from trading_ml.core.settings import Settings
from trading_ml.ticks.days import Days
from trading_ml.ticks.ranges import Ints
from trading_ml.ticks.recent import Recent

COLUMNS = ("conditions", "excluded_by", "carried")
DISTINCT = 256
"""A day of up to so many different texts has them counted in its receipt: then most questions read no rows."""
FEW = 8
"""Up to so many texts that match are looked for as they are, which takes a quarter of matching every tick's."""
_MEMORY = 64 * 2**20


def counted(ticks: pl.DataFrame) -> dict[str, dict[str, int]]:
    """How often each text occurs in a day's ticks, by column; of columns with few different texts.

    Example:
        >>> counted(pl.DataFrame({"conditions": ["ODD", None, "ODD", "CAN"]}))
        {'conditions': {'CAN': 1, 'ODD': 2}}
    """
    columns = [column for column in COLUMNS if column in ticks.columns]
    counts = {column: ticks[column].drop_nulls().value_counts().sort(column) for column in columns}
    return {column: dict(texts.iter_rows()) for column, texts in counts.items() if texts.height <= DISTINCT}


class Search:
    """The ticks whose text matches a pattern, found a day at a time and only as far as is asked.

    Texts repeat: where a day tells which it has, these are matched, and days without a match are not read at all.

    Args:
        days: The ticks.
        pattern: A regular expression, as Polars reads them, that the text has to contain.
        column: One of `COLUMNS`.

    Raises:
        Unknown: when there is no such column. BadParams: when the pattern is none.

    Example:
        >>> found = Ticks.open("lseg:TRI.N").search("ODD")  # doctest: +SKIP
        >>> found.count, found.next(after=1000), found.previous(before=1000)  # doctest: +SKIP
        (2, 1016, None)
    """

    def __init__(self, days: Days, pattern: str, column: str) -> None:
        if column not in COLUMNS:
            raise Unknown.of("column of text", column, COLUMNS)
        try:
            _matching(pl.Series([""]), pattern)
        except pl.exceptions.ComputeError:
            raise BadParams(f"pattern '{pattern}'", "is not a regular expression", "put \\ before signs") from None
        self.pattern, self.column = pattern, column
        self._days = days
        self._found: Recent[Ints] = Recent(_MEMORY, lambda found: found.nbytes + 64)
        self._counts: dict[int, int] = {}

    @property
    def count(self) -> int:
        """How many ticks match."""
        with ThreadPoolExecutor(Settings().workers) as pool:
            return sum(pool.map(self._count, range(len(self._days.dates))))

    @property
    def positions(self) -> Ints:
        """Positions of all ticks that match, ascending."""
        with ThreadPoolExecutor(Settings().workers) as pool:
            found = pool.map(self._of, range(len(self._days.dates)))
            starts = self._days.bounds[:-1]
            return np.concatenate(
                [np.empty(0, np.int64), *(start + at for start, at in zip(starts, found, strict=True))]
            )

    def next(self, after: int = -1) -> int | None:
        """Position of the first match behind a position; None where there is none."""
        wanted = max(after + 1, 0)
        for number in range(self._days.holding(wanted), len(self._days.dates)):
            start, found = int(self._days.bounds[number]), self._of(number)
            at = int(np.searchsorted(found, wanted - start))
            if at < len(found):
                return start + int(found[at])
        return None

    def previous(self, before: int) -> int | None:
        """Position of the last match before a position; None where there is none."""
        for number in range(self._days.holding(max(before - 1, 0)), -1, -1):
            start, found = int(self._days.bounds[number]), self._of(number)
            at = int(np.searchsorted(found, before - start))
            if at:
                return start + int(found[at - 1])
        return None

    def _of(self, number: int) -> Ints:
        """Rows of a day that match."""
        if self._told(number) == 0:
            return np.empty(0, np.int64)
        found = self._found.get(number, partial(self._matches, number))
        self._counts[number] = len(found)
        return found

    def _count(self, number: int) -> int:
        told = self._told(number)
        return len(self._of(number)) if told is None else told

    def _told(self, number: int) -> int | None:
        """How many ticks of a day match, where that is known without reading them."""
        if number not in self._counts:
            fitting = self._fitting(number)
            if fitting is None:
                return None
            self._counts[number] = sum(fitting.values())
        return self._counts[number]

    def _fitting(self, number: int) -> dict[str, int] | None:
        """The texts of a day that match, and how often each occurs, where its receipt tells them."""
        texts = self._days.receipt(number).facts.get("texts", {}).get(self.column)
        if texts is None:
            return None
        return dict(compress(texts.items(), _matching(pl.Series(list(texts), dtype=pl.String), self.pattern)))

    def _matches(self, number: int) -> Ints:
        ticks = self._days.table.scan(self._days.instrument.name, self._days.verified(number)).with_row_index()
        if self.column not in ticks.collect_schema():
            return np.empty(0, np.int64)
        text, fitting = pl.col(self.column), self._fitting(number)
        alike = [text == each for each in fitting or ()]
        matching = reduce(or_, alike) if 0 < len(alike) <= FEW else text.str.contains(self.pattern)
        return ticks.filter(matching).select(pl.col("index").cast(pl.Int64)).collect().to_series().to_numpy()


def _matching(texts: pl.Series, pattern: str) -> np.ndarray:
    return texts.cast(pl.String).str.contains(pattern).to_numpy()
