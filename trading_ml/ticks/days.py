"""The local days of an instrument's ticks, and where in the whole sequence each of them begins."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from trading_ml.core.errors import BadInput
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Receipt, Table


class Days:
    """An index over daily partitions, made from their receipts alone.

    Args:
        table: The table of ticks.
        traded: The instrument.
    """

    def __init__(self, table: Table, traded: Instrument) -> None:
        name, dates = traded.name, table.dates(traded.name)
        files = [
            _identity(table.path(name, day)) for day in dates
        ]  # before the receipts: a newer file is then found out
        receipts = [table.receipt(name, day) for day in dates]
        self.table, self.instrument, self.dates = table, traded, dates
        self.digests = [receipt.digest if receipt else "" for receipt in receipts]
        rows = [receipt.rows if receipt else 0 for receipt in receipts]
        self.bounds = np.concatenate(([0], np.cumsum(rows, dtype=np.int64)))
        """Position of the first tick of each day, and the number of ticks at the end."""
        told = enumerate(zip(files, receipts, strict=True))
        self._seen = {number: (file, receipt) for number, (file, receipt) in told if file and receipt}

    def holding(self, position: int) -> int:
        """Which day holds the tick at a position of the sequence; the last day where there is none."""
        return min(int(np.searchsorted(self.bounds, position, side="right")), len(self.dates)) - 1

    def verified(self, number: int) -> date:
        """The date of day `number`, whose ticks are still those that were counted.

        Raises:
            BadInput: when they have been built anew since.
        """
        self.receipt(number)
        return self.dates[number]

    def receipt(self, number: int) -> Receipt:
        """The receipt of day `number`; see `verified`."""
        day = self.dates[number]
        file = _identity(self.table.path(self.instrument.name, day))
        if file and self._seen.get(number, (None,))[0] == file:
            return self._seen[number][1]
        receipt = self.table.receipt(self.instrument.name, day)
        if not (file and receipt) or receipt.digest != self.digests[number]:
            raise BadInput(f"ticks of {self.instrument.name} on {day}", "changed since they were opened", "open again")
        self._seen[number] = file, receipt
        return receipt


def _identity(path: Path) -> tuple[int, int, int] | None:
    """What changes when another file is published under a path: then its footer has to be read again."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return state.st_ino, state.st_size, state.st_mtime_ns
