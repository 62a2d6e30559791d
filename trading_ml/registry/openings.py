"""The record of who looked at a dataset's test part: one line per model, never removed.

Each look is a chance to be lucky, so the gate grows stricter with their number. A dataset that was built anew, with a
day more, has a test part that was looked at before: openings of other datasets of the project count by the share of
this test part's time that they have seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from trading_ml.core.lake import Lake
from trading_ml.registry.ledger import Ledger

Span = tuple[int, int]
"""From the first sample's time to the last label's end, nanoseconds UTC."""


def opened(lake: Lake, project: str, dataset: str) -> list[str]:
    """Keys of the models that were judged on the test part of `dataset` (a digest), first to last."""
    return [entry["model_key"] for entry in Ledger(lake, "openings", project, dataset).entries()]


def record(lake: Lake, project: str, dataset: str, model_key: str, span: Span | None = None) -> int:
    """Record that a model is about to be judged, before it is; returns how many were, this one included.

    A model that was recorded before is not counted again: it learns nothing new.

    Args:
        lake: The data root.
        project: The project's name.
        dataset: Digest of the dataset.
        model_key: Digest of all that decides the model.
        span: Of the test part; other datasets' openings are counted where it is told.
    """
    told = {"from": span[0], "to": span[1]} if span else {}
    own = Ledger(lake, "openings", project, dataset).enter(model_key, "opened", told)
    return own + (round(sum(_shares(lake, project, dataset, span))) if span else 0)


def _shares(lake: Lake, project: str, dataset: str, span: Span) -> Iterator[float]:
    """Of each opening of another dataset's test part the share of this one's time that it has seen."""
    first, last = span
    folder = Ledger(lake, "openings", project, dataset).path.parent
    for path in sorted(folder.glob("*.jsonl")):
        for entry in Ledger(lake, "openings", project, path.stem).entries() if path.stem != dataset else ():
            if "from" in entry:
                seen = min(last, entry["to"]) - max(first, entry["from"])
                yield max(seen, 0) / max(last - first, 1)
