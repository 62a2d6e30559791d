"""What every feature column holds, and whether it varies at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from trading_ml.datasets.audit.check import Check, Verdict, row

if TYPE_CHECKING:
    from trading_ml.datasets.audit.view import View


class Columns(Check):
    """A column that never changes teaches nothing, and is nearly always a mistake upstream.

    Minimum, mean, maximum, standard deviation and nulls are over all bars, the share of the most frequent value is over
    the training samples' own bars.
    """

    constant: tuple[str, ...] = ()
    """Columns that may be constant."""
    warn_share: float = Field(default=0.995, gt=0, le=1)
    """Share of the training samples with one and the same value above which a column is nearly constant."""

    def judge(self, view: View) -> Verdict:
        """A line a column."""
        said, rows = [], []
        values = view.dataset.last(view.dataset.indices("train"))
        for position, column in enumerate(view.columns):
            told = view.manifest["columns"][column]
            _, counts = np.unique(values[:, position], return_counts=True)
            share = float(counts.max() / counts.sum())
            ordered = {key: told[key] for key in ("min", "mean", "max", "std", "nulls")}
            rows.append(row(column=column, **ordered, constant=len(counts) == 1, most_frequent=share))
            if column in self.constant:
                continue
            if told["min"] == told["max"]:
                said.append(("refuse", f"{column} is {told['max']:g} at every bar; leave the feature out, or mend it"))
            elif len(counts) == 1:
                said.append(("refuse", f"{column} has one value in the training part; give more days, or leave it out"))
            elif share > self.warn_share:
                said.append(("warn", f"{column} has the same value in {share:.1%} of the training samples"))
        said += [("warn", f"{name}: declared constant but no column") for name in {*self.constant} - {*view.columns}]
        return Verdict(said, rows)
