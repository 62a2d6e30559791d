"""A dataset: what its manifest says it was made from, and which raw files those ticks came in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from trading_ml.adapters.contract import BARS
from trading_ml.bars import BarParams
from trading_ml.core.lake import Lake
from trading_ml.datasets import Dataset
from trading_ml.datasets.events import events
from trading_ml.lineage.scripts import scripts
from trading_ml.ticks import records
from trading_ml.ticks.cells import date_of_cell

_ORDERS = BarParams(every="1s", kind="orders")


def told(dataset: Dataset) -> dict[str, Any]:
    """Its parameters, instruments and dates, scripts with their sources and proofs, rules, and counts.

    Nothing here depends on how long history is, but the number of chunks, one a month.
    """
    content = dataset.manifest
    return {
        "project": dataset.project,
        "digest": content["digest"],
        "folder": str(dataset.folder),
        "days": content["days"],
        "samples": content["kept"],
        "parts": content["folds"][-1]["samples"],
        "params": content["params"],
        "scripts": list(scripts(dataset)),
        "rules": content["sources"]["rules"],
        "chunks": [chunk for chunk in content["chunks"] if chunk["kind"] != "moments"],
    }


def happened(dataset: Dataset) -> list[dict[str, Any]]:
    """What became of it, in order: when it was built, promoted or refused, by whom, and why."""
    own = (event for event in events(dataset.lake, dataset.project) if event.digest == dataset.digest)
    return [event.model_dump(mode="json", exclude={"digest"}) for event in own]


def uploads(dataset: Dataset) -> list[dict[str, Any]]:
    """The raw files that hold ticks of the dataset's dates, as they are known today, by instrument and first date.

    Of each: the file, its sha256, and of its rows those that are ticks of these dates, or the orders at which samples
    are taken. Other bars that scripts look at beside the project's own are not counted in.
    """
    params, at = BarParams.model_validate(dataset.manifest["params"]["bars"]), dataset.manifest["params"]["samples"]
    found = []
    for name, days in dataset.manifest["days"].items():
        span = date.fromisoformat(days["first"]), date.fromisoformat(days["last"])
        found += _of(dataset.lake, name, params, *span)
        if at["at"] == "orders":
            found += _of(dataset.lake, at.get("instrument") or name, _ORDERS, *span)
    return sorted(found, key=lambda told: (told["instrument"], told["dates"], told["sha256"]))


def _of(lake: Lake, name: str, params: BarParams, first: date, last: date) -> Iterator[dict[str, Any]]:
    for upload in records.known(lake, name):
        held = records.parsed(lake, upload.id)
        parts = [part for part in held.partitions if _counts(part, name, params, first, last)] if held else []
        if parts:
            dates = sorted(part.date.isoformat() for part in parts)
            yield {
                "instrument": name, "upload": upload.id, "file": upload.path, "sha256": upload.sha256,
                "adapter": upload.adapter, "rows": sum(part.rows for part in parts), "dates": [dates[0], dates[-1]],
            }  # fmt: skip


def _counts(part: records.Part, name: str, params: BarParams, first: date, last: date) -> bool:
    """Whether bars of these dates can be made of a part; one of bars that files tell is a month or a year."""
    if part.instrument != name:
        return False
    if params.source == "ticks":
        return part.kind == params.kind and first <= part.date <= last
    return part.kind.startswith(BARS) and date_of_cell(part.kind, first) <= part.date <= last
