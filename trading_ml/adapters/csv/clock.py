"""How the times that a mapping declares become moments: nanoseconds UTC, or a reason why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from trading_ml.adapters.csv.moment import EPOCH, OF_DAY, OF_INSTRUMENT, Moment
from trading_ml.adapters.form import EXACT, LOCAL, SHOWN, STAMP, TEXT, Column, Fault
from trading_ml.core.instruments import instrument
from trading_ml.core.settings import Settings
from trading_ml.core.time import DAY, NS

MOMENT = "<moment>"
"""Column of the moments, under a name no header has."""
_LOCAL = pl.Datetime("ns")
_MIDNIGHT = r"^(\d{4}-\d\d-\d\d)(?:[T ]00:00:00(?:\.0+)?(?:Z|[+-]\d\d:?\d\d)?)?$"
_FIRST, _LAST = datetime(1900, 1, 1), datetime(2200, 1, 1)
_NINE = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9, "s of day": 1, "ms of day": 10**3}
"""What a number with nine decimals is divided by to be nanoseconds."""


@dataclass(frozen=True)
class Clock:
    """One way of telling the time, over the raw columns of a table.

    Args:
        time: The mapping's.
        midnight: Of the date in the file's name, where times are told since then.
        symbol: The symbol of each row.
        source: Its source.
    """

    time: Moment
    midnight: datetime | None
    symbol: pl.Expr
    source: str

    @property
    def columns(self) -> tuple[Column, ...]:
        """The raw columns that are read."""
        kind = TEXT
        if self.time.format in (*EPOCH, *OF_DAY):
            kind = EXACT
        elif self.time.format == "iso":
            kind = LOCAL if self.time.zone else STAMP
        names = [name for name in (self.time.date, self.time.column) if name is not None]
        return tuple(Column(name, kind, filled=True) for name in names)

    def moment(self) -> pl.Expr:
        """When a row happened; null where that cannot be told."""
        if self.time.zone:
            return self._utc(_between(self._local(self._cell())))
        return _between(self._cell(), zone="UTC")

    def later(self, interval: int) -> pl.Expr:
        """An interval after `MOMENT`; whole days are days of the calendar, by the clock that tells the time."""
        if self.time.zone and interval % DAY == 0:
            return self._utc(self._local(self._cell()).dt.offset_by(f"{interval // DAY}d"))
        return pl.col(MOMENT) + pl.duration(nanoseconds=interval)

    def moment_in(self, column: str) -> tuple[Column, pl.Expr]:
        """Another column told like that of the time, and when it says."""
        other = Clock(self.time.model_copy(update={"column": column}), self.midnight, self.symbol, self.source)
        return other.columns[-1], other.moment()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Rows without a moment."""
        name, cell = self.time.column, self._shown()
        lost = pl.col(MOMENT).is_null()
        wrong = pl.format(f"{name} is no time from 1900 to 2199 ({self.time.format}): '{{}}'", cell)
        if not self.time.zone:
            return ((lost, wrong),)
        never = pl.format(f"{name} is no time, or no single one, on the clocks of {self.time.zone}: '{{}}'", cell)
        return ((lost & _between(self._local(self._cell())).is_null(), wrong), (lost, never))

    def _shown(self) -> pl.Expr:
        if self.time.format in (*EPOCH, *OF_DAY):
            return pl.col(self.time.column).cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
        return self._cell().cast(pl.String).str.head(SHOWN)

    def _cell(self) -> pl.Expr:
        cell = pl.col(self.time.column)
        if self.time.date:
            return pl.concat_str(pl.col(self.time.date), cell, separator=" ")
        if self.time.format in EPOCH:
            nanos = (
                _sized(cell.to_physical())
                if self.time.format == "epoch"
                else cell.to_physical() // _NINE[self.time.format]
            )
            return pl.when(nanos > 0).then(nanos).cast(pl.Int64, strict=False).cast(NS)
        return cell

    def _local(self, cell: pl.Expr) -> pl.Expr:
        form = self.time.format
        if form == "iso":
            return cell
        if form == "date":
            return cell.str.extract(_MIDNIGHT).str.to_date("%Y-%m-%d", strict=False).cast(_LOCAL, strict=False)
        if form in OF_DAY:
            nanos = (cell.to_physical() // _NINE[form]).cast(pl.Int64, strict=False)
            return pl.when(nanos.is_between(0, DAY, closed="left")).then(
                pl.lit(self.midnight, _LOCAL) + nanos.cast(pl.Duration("ns"))
            )
        if any(clock in form for clock in ("%H", "%I", "%T", "%R", "%s")):
            exact, near = (cell.str.to_datetime(form, time_unit=unit, strict=False) for unit in ("ns", "us"))
            return pl.when(near.is_between(_FIRST, _LAST, closed="left")).then(exact)  # 2500 in ns comes out as 1915
        return cell.str.to_date(form, strict=False).cast(_LOCAL, strict=False)

    def _utc(self, local: pl.Expr) -> pl.Expr:
        twice = "null" if self.time.ambiguous == "refuse" else self.time.ambiguous
        if self.time.zone != OF_INSTRUMENT:
            return local.dt.replace_time_zone(
                self.time.zone, ambiguous=twice, non_existent="null"
            ).dt.convert_time_zone("UTC")
        by_zone = _by_zone(self.source, twice)
        return pl.struct(self.symbol.alias("symbol"), local.alias("local")).map_batches(by_zone, return_dtype=NS)


def _sized(cell: pl.Expr) -> pl.Expr:
    """Nanoseconds since 1970 from a number with nine decimals in the one unit that makes it a time after 1973."""
    seconds = [pl.when(cell < 10**20 * _NINE[unit]).then(cell // _NINE[unit]) for unit in ("s", "ms", "us")]
    return pl.coalesce(*seconds, cell // _NINE["ns"])


def _between(moment: pl.Expr, zone: str | None = None) -> pl.Expr:
    first, last = (pl.lit(bound).cast(_LOCAL).dt.replace_time_zone(zone) for bound in (_FIRST, _LAST))
    return pl.when(moment.is_between(first, last, closed="left")).then(moment)


def _by_zone(source: str, twice: str) -> Callable[[pl.Series], pl.Series]:
    """Local times to UTC, each by the clocks of its own instrument."""

    def convert(rows: pl.Series) -> pl.Series:
        told = rows.struct.unnest().with_row_index("at")
        done = [pl.DataFrame(schema={"at": pl.UInt32, "utc": NS})]
        for (symbol,), part in told.partition_by("symbol", as_dict=True).items():
            zone = instrument(f"{source}:{symbol}", Settings().instruments).zone if symbol else "UTC"
            utc = pl.col("local").dt.replace_time_zone(zone, ambiguous=twice, non_existent="null")  # pyright: ignore[reportArgumentType]
            done.append(part.select("at", utc.dt.convert_time_zone("UTC").alias("utc")))
        return pl.concat(done).sort("at")["utc"]

    return convert
