"""What a version would have earned on the test part: its positions, at the quotes of the samples' own bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.bars import BarParams, load
from trading_ml.core.errors import NoData
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings
from trading_ml.core.time import DAY, NS
from trading_ml.labels.quotes import ask, bid
from trading_ml.models.pnl import Floats, Pnl, PnlParams, decided, pnl
from trading_ml.models.source import Indices, Source

OPTIMAL, HELD = "optimal", "held"


@dataclass(frozen=True)
class Traded:
    """An instrument's samples in time, and the profit and loss of each who traded them."""

    instrument: str
    moments: NDArray[np.int64]
    """Nanoseconds UTC."""
    rows: NDArray[np.intp]
    """Which of the judged samples these are."""
    by: Mapping[str, Pnl]
    """Of the model and the baselines, of hindsight (`optimal`), and of who is always long (`held`)."""


def traded(
    lake: Lake, source: Source, indices: Indices, params: PnlParams, scores: Mapping[str, Floats], answers: NDArray
) -> list[Traded]:
    """Trade the given samples, instrument by instrument, by everybody's probabilities of the second class.

    Quotes are those of the bars as they are now, on today's footing across splits.

    Raises:
        NoData: when bars of the samples are not there any more.
    """
    positions = {name: decided(p) for name, p in scores.items()}
    positions |= {OPTIMAL: decided(answers.astype(np.float64)), HELD: np.ones(len(answers))}
    moments, names = source.label_intervals(indices)[0], source.samples["instrument"][indices].cast(pl.String)
    found = []
    for name in sorted(names.unique()):
        rows = np.flatnonzero((names == name).to_numpy())
        rows = rows[np.argsort(moments[rows], kind="stable")]
        bids, asks = _quotes(lake, source, name, moments[rows], params.spread_bps)
        by = {who: pnl(position[rows], bids, asks) for who, position in positions.items()}
        found.append(Traded(name, moments[rows], rows, by))
    return found


def totals(trades: list[Traded]) -> dict[str, float]:
    """Flat: `pnl_bps` of the model and `pnl_bps_<who>` of others; means over the instruments, one unit of each.

    Basis points are of the price at the first sample. Of the model further `gain_bps` before costs, `spread_bps`, the
    costs, `turnover` in units, and `uncharged_bps`, by which the result would look better if sales cost nothing.
    """
    mean = lambda who, told: float(np.mean([told(each.by[who]) for each in trades]))
    net = {who: mean(who, lambda found: found.bps(found.net)) for who in trades[0].by}
    return {
        **{"pnl_bps" if who == "model" else f"pnl_bps_{who}": value for who, value in net.items()},
        "gain_bps": mean("model", lambda found: found.bps(found.gain)),
        "spread_bps": mean("model", lambda found: found.bps(found.cost)),
        "uncharged_bps": mean("model", lambda found: found.bps(found.uncharged)),
        "turnover": mean("model", lambda found: found.turnover),
    }


def earned(trades: list[Traded]) -> Floats:
    """Net profit of the model at each judged sample; over all samples it sums up to `pnl_bps`."""
    values = np.empty(sum(len(each.rows) for each in trades))
    for each in trades:
        model = each.by["model"]
        values[each.rows] = 1e4 * model.net / model.middle[0] / len(trades)
    return values


def _quotes(
    lake: Lake, source: Source, name: str, moments: NDArray[np.int64], spread_bps: float
) -> tuple[Floats, Floats]:
    """Bid and ask of the last bars that had closed at `moments`, which ascend; each moment has a bar of its own."""
    params = BarParams.model_validate(source.manifest["params"]["bars"])
    first, last = int(moments[0]), int(moments[-1])
    bars = load(lake, instrument(name, Settings().instruments), params, first - DAY, last, adjusted=True)
    quotes = bars.select(pl.col("ts_close").cast(NS), bid=bid(spread_bps), ask=ask(spread_bps))
    asked = pl.DataFrame({"moment": pl.Series(moments).cast(NS)})
    found = asked.join_asof(quotes, left_on="moment", right_on="ts_close", coalesce=False)
    if lost := found["moment"].n_unique() - found["ts_close"].drop_nulls().n_unique():
        raise NoData(
            f"{params.name} bars of {name}", f"lack {lost} of {len(moments)} judged samples", "build them again"
        )
    return found["bid"].to_numpy(), found["ask"].to_numpy()
