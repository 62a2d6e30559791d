"""Values far from where a column lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from trading_ml.datasets.audit.check import Check, Verdict, row
from trading_ml.datasets.audit.view import Floats, spread

if TYPE_CHECKING:
    from trading_ml.datasets.audit.view import View

_MOST = 200_000
_TO_SIGMA = 0.6744897501960817
"""Median absolute deviation of a normal distribution, in standard deviations."""


class Outliers(Check):
    """Robust z of the training samples' values: distance from the median in median absolute deviations, scaled.

    Formula: z = 0.6745 · |x − median| / MAD. Volumes and ranges have heavy tails by nature, so a share of far values is
    told and never refused; a column of which more than half is one value has no MAD and no z.
    Source: Boris Iglewicz and David Hoaglin, How to Detect and Handle Outliers (1993).
    """

    z: float = Field(default=20.0, gt=0)
    """Robust z beyond which a value is an outlier."""
    warn_share: float = Field(default=0.01, ge=0, le=1)
    """Share of outliers above which a column is warned of."""

    def judge(self, view: View) -> Verdict:
        """A line a column."""
        said, rows = [], []
        values = view.dataset.last(spread(view.dataset.indices("train"), _MOST)).astype(np.float64)
        for position, column in enumerate(view.columns):
            z = robust_z(values[:, position])
            share = float((z > self.z).mean())
            rows.append(row(column=column, largest_z=float(z.max()), share=share))
            if share > self.warn_share:
                told = f"{column}: {share:.1%} of the training samples lie beyond a robust z of {self.z:g}"
                said.append(("warn", f"{told}; look for bad prints, or scale it by a logarithm"))
        return Verdict(said, rows)


def robust_z(values: Floats) -> Floats:
    """Distance of each value from the median, in robust standard deviations; 0 everywhere where these are 0.

    Example:
        >>> robust_z(np.array([1.0, 2.0, 3.0, 4.0, 100.0])).round(1).tolist()
        [1.3, 0.7, 0.0, 0.7, 65.4]
    """
    away = np.abs(values - np.median(values))
    scale = np.median(away) / _TO_SIGMA
    return away / scale if scale else np.zeros_like(away)
