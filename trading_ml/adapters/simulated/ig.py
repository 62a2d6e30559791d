"""Raw files as a streaming client of IG exports them: prices of every second, and the bot's completed orders.

Neither has a header. The symbol stands in the files' names and says that it is simulated: `SIMULATED_BTC_prices.csv`.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from trading_ml.adapters.simulated.bot import DAY_SECONDS, BotParams, Market, market, orders, stamps
from trading_ml.core.lake import publish

SYMBOL = "SIMULATED_BTC"
_QUOTED, _ORDERED = (0, 400), (500, 1000)
"""Milliseconds of a second in which its price comes, and in which the bot answers it."""


class Export(NamedTuple):
    """One raw file and what was put into it."""

    path: Path
    adapter: str
    """What reads it."""
    rows: int
    """Lines, bad ones included."""
    bad_rows: int
    """Lines that cannot be read."""


def export(params: BotParams, prices: Path, deals: Path, named: str = "") -> list[Export]:
    """Write both files below the two folders, which may be one; the same parameters write the same bytes.

    What `named` says stands at the end of the files' names, so that several exports lie side by side.

    Example:
        >>> export(BotParams(orders=100), Path("raw"), Path("raw"))  # doctest: +SKIP
        [Export(path=PosixPath('raw/SIMULATED_BTC_prices.csv'), adapter='ig_prices', rows=..., bad_rows=9), ...]
    """
    made = market(params)
    files = {
        "prices": (prices, "ig_prices", _prices(params, made), "BID"),
        "orders": (deals, "ig_orders", _deals(params, made), "price"),
    }
    return [
        Export(
            _write(folder / f"{SYMBOL}_{what}{named}.csv", params, frame, blank),
            adapter,
            frame.height + params.bad_rows,
            params.bad_rows,
        )
        for what, (folder, adapter, frame, blank) in files.items()
    ]


def _prices(params: BotParams, made: Market) -> pl.DataFrame:
    """The stored quotes; the day's opening mid, high and low are those of the market, stored or not."""
    mid = np.round((made.bid + made.ask) / 2, 2)
    everything = pl.DataFrame({"BID": made.bid, "OFFER": made.ask, "mid": mid}).with_row_index("second")
    day, mid = pl.col("second") // DAY_SECONDS, pl.col("mid")
    opened = mid.first().over(day)
    told = everything.with_columns(
        MID_OPEN=opened, CHANGE=(mid - opened).round(2), CHANGE_PCT=((mid / opened - 1) * 100).round(2),
        HIGH=mid.cum_max().over(day), LOW=mid.cum_min().over(day),
    ).filter(pl.Series(made.stored))  # fmt: skip
    stamp = pl.Series(stamps(params, made, told["second"].to_numpy().astype(np.int64), "quoted", _QUOTED))
    clock = stamp.cast(pl.Datetime("ms")).dt.strftime("%H:%M:%S")
    shown = told.drop("second", "mid").insert_column(0, stamp.alias("timestamp"))
    return shown.with_columns(UPDATE_TIME=clock, MARKET_STATE=pl.lit("TRADEABLE"), MARKET_DELAY=pl.lit(0))


def _deals(params: BotParams, made: Market) -> pl.DataFrame:
    placed = orders(params, made)
    price = pl.Series(made.ask[placed.second])
    return pl.DataFrame(
        {
            "timestamp": stamps(params, made, placed.second, "ordered", _ORDERED),
            "loss_or_profit": np.where(placed.profit, "profit", "loss"),
            "type": "BUY",
            "stop": params.stop,
            "limit": params.limit,
            "price": price,
            "stop_price": (price - params.stop).round(2),
            "limit_price": (price + params.limit).round(2),
        }
    ).sort("timestamp", maintain_order=True)


def _write(path: Path, params: BotParams, frame: pl.DataFrame, blank: str) -> Path:
    """Write the rows, each bad one next to one that it resembles."""
    beside = params.random(f"bad {path.name}").integers(frame.height, size=params.bad_rows)
    bad = frame[beside].with_columns(place=pl.Series(beside) + 0.5, defect=pl.int_range(params.bad_rows) % 3)
    good = frame.with_columns(place=pl.int_range(pl.len()).cast(pl.Float64), defect=pl.lit(-1, pl.Int64))
    rows = pl.concat([good, bad]).sort("place", maintain_order=True)
    garbled = pl.when(pl.col("defect") == 1).then(pl.lit("?")).otherwise(pl.col("timestamp").cast(pl.String))
    empty = [pl.when(pl.col("defect") != 0).then(name).cast(pl.String).fill_null("") for name in (blank, "OFFER")]
    cells = {name: pl.col(name).cast(pl.String) for name in frame.columns} | {"timestamp": garbled, blank: empty[0]}
    if "OFFER" in cells:
        cells["OFFER"] = empty[1]
    line = pl.concat_str(*cells.values(), separator=",")
    whole = rows.select(pl.when(pl.col("defect") == 2).then(line.str.head(20)).otherwise(line))
    text = BytesIO()
    whole.write_csv(text, include_header=False, quote_style="never")
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.new")
    staged.write_bytes(text.getvalue())
    publish(staged, path)
    return path
