"""How much of what a model is shown never happened: bars of intervals without a trade."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from trading_ml.bars import BarParams
from trading_ml.datasets.audit.check import Check, Verdict, row

if TYPE_CHECKING:
    from trading_ml.datasets.audit.view import View


class Filled(Check):
    """Share of filled bars in the samples' windows; the longest window counts.

    A filled bar carries the last close and has no trade. Bars made of ticks have one each unless the project asks to
    `fill` them; bars that files tell may hold such bars by themselves.
    """

    warn_share: float = Field(default=0.1, ge=0, le=1)
    """Mean share of filled bars in the windows above which an instrument is warned of."""
    refuse_share: float = Field(default=0.3, ge=0, le=1)
    """The same above which it is refused."""

    def judge(self, view: View) -> Verdict:
        """A line an instrument; none where no bar can be filled."""
        said, rows = [], []
        bars = BarParams.model_validate(view.manifest["params"]["bars"])
        if not bars.fill and bars.source == "ticks":
            return Verdict()
        longest = max(shown["window"] for shown in view.dataset.features.values())
        for name in view.manifest["days"]:
            empty = _empty(view, name, bars)
            if empty is None:
                said.append(
                    ("warn", f"{name}: its bars are others by now; build the dataset again to count filled ones")
                )
                continue
            before = np.concatenate([[0], np.cumsum(empty)])
            ends = view.rows(name) + 1
            shares = (before[ends] - before[ends - longest]) / longest
            mean = float(shares.mean()) if len(shares) else 0.0
            most = float(shares.max(initial=0))
            rows.append(row(instrument=name, bars=float(empty.mean()), windows=mean, most=most))
            told = f"{name}: {mean:.0%} of the bars in a window are filled, up to {most:.0%}"
            if mean > self.refuse_share:
                said.append(("refuse", f"{told}; choose longer bars, a liquid session, or tick bars"))
            elif mean > self.warn_share:
                said.append(("warn", f"{told}; longer bars have fewer"))
        return Verdict(said, rows)


def _empty(view: View, name: str, params: BarParams) -> NDArray[np.bool_] | None:
    """Which bars of an instrument's series have no trade; None where the bars there are others."""
    table = view.dataset.lake.table("bars", params.name)
    first, last = (view.manifest["days"][name][end] for end in ("first", "last"))
    days = [day for day in table.dates(name) if first <= day.isoformat() <= last]
    if not days:
        return None
    found = pl.concat([table.read(name, day, ["ts_close", "trades"]) for day in days])
    marked = view.times(name).join(found, on="ts_close", how="left", maintain_order="left")
    return None if marked["trades"].null_count() else (marked["trades"] == 0).to_numpy()
