"""Folds: the split's intention, purged, verified, and refused where a part is left empty."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.core.errors import NoData, Refused
from trading_ml.core.time import SECOND
from trading_ml.datasets.purge import count_overlaps, purge
from trading_ml.datasets.splits import PARTS, Part, Split
from trading_ml.datasets.statistics import balance

Codes = NDArray[np.int8]


def assign(
    samples: pl.DataFrame, split: Split, project: str, window: int = 1
) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """The part of every sample in every fold, and per fold what the manifest says of it.

    Args:
        samples: As `samples.parquet` has them, and `date`.
        split: What parts them.
        project: For messages.
        window: The longest one, in bars: the bars that samples of two parts may share.

    Raises:
        NoData: when train, validation or test is empty, naming the dates that have samples.
        Refused: when label intervals still overlap between parts after the purge.
    """
    starts, ends = (samples[column].to_physical().to_numpy() for column in ("ts", "label_end"))
    embargo, folds, verdicts = round(split.embargo * SECOND), [], []
    for number, intended in enumerate(split.folds(samples)):
        before = intended.to_physical().cast(pl.Int8).fill_null(-1).to_numpy()
        after = purge(before, starts, ends, embargo)
        if overlaps := count_overlaps(after, starts, ends, embargo):
            raise Refused(f"{project}, fold {number}", f"{overlaps} pairs of label intervals overlap between parts")
        sizes = _sizes(after)
        _demand_samples(samples, sizes, project)
        parts = pl.Series("part", after).replace(-1, None).cast(pl.UInt8).cat.to(Part)
        purged = {part: int(((before == code) & (after != code)).sum()) for code, part in enumerate(PARTS[:2])}
        verdict = {
            "samples": sizes,
            "purged": purged,
            "overlaps": overlaps,
            "shared_bars": shared(samples, after, window),
        }
        verdicts.append(verdict | {"balance": balance(samples, parts)})
        rows = pl.DataFrame({"part": parts}).with_row_index("sample").drop_nulls()
        folds.append(rows.select(pl.lit(number, pl.UInt16).alias("fold"), "sample", "part"))
    return pl.concat(folds), verdicts


def shared(samples: pl.DataFrame, codes: Codes, window: int) -> float:
    """Share of the test samples whose window has a bar in common with the window of a training sample."""
    row, owner = samples["row"].to_numpy().astype(np.int64), samples["instrument"].to_physical().to_numpy()
    place = row + owner.astype(np.int64) * (int(row.max(initial=0)) + 2 * window)
    taught, judged = np.sort(place[codes == 0]), place[codes == 2]
    nearby = np.searchsorted(taught, judged + window, "left") - np.searchsorted(taught, judged - window, "right")
    return round(float((nearby > 0).mean()), 4)


def _sizes(codes: Codes) -> dict[str, int]:
    return {part: int((codes == code).sum()) for code, part in enumerate(PARTS)}


def _demand_samples(samples: pl.DataFrame, sizes: dict[str, int], project: str) -> None:
    empty = [part for part in PARTS[:3] if not sizes[part]]
    if empty:
        there = f"samples run from {samples['date'].min()} to {samples['date'].max()}"
        gone = f", {sizes['purged']} were purged" if sizes["purged"] else ""
        problem = f"no samples for {' and '.join(empty)}: {there}{gone}"
        raise NoData(f"{project}, split", problem, "move the split's dates")
