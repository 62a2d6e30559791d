"""The manifest: what a dataset was made from and what is in it, and nothing that depends on when it was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from trading_ml.core.digest import digest
from trading_ml.datasets.collect import Share
from trading_ml.datasets.layout import Layout
from trading_ml.datasets.params import DatasetParams
from trading_ml.datasets.samples import REASONS
from trading_ml.datasets.statistics import combine
from trading_ml.labels import LabelUse


def manifest(
    params: DatasetParams,
    layout: Layout,
    sources: Mapping[str, Any],
    shares: Sequence[Share],
    folds: Sequence[Mapping[str, Any]],
    schema: pl.Schema,
    digests: Sequence[str],
) -> dict[str, Any]:
    """The manifest's content; `schema` is that of the samples, `digests` are those of the files beside it."""
    snapshot, chunks = params.model_dump(mode="json"), [chunk for share in shares for chunk in share.chunks]
    total = Counter[str]()
    for share in shares:
        total.update(share.account)
    return {
        "project": params.project,
        "digest": digest(snapshot, sources, [chunk.digest for chunk in chunks], digests),
        "params": snapshot,
        "sources": sources,
        "features": [
            {"name": name, "window": window.length, "columns": window.columns}
            for name, window in layout.windows.items()
        ],
        "labels": [
            {"name": name, "column": column, "classes": _classes(schema[column], params.labels[name])}
            for name, columns in layout.labels.items()
            for column in columns
        ],
        "days": {share.instrument: _span(share) for share in shares},
        "chunks": [asdict(chunk) for chunk in chunks],
        "candidates": total["candidates"],
        "kept": total["kept"],
        "rejected": {reason: total[reason] for reason in REASONS},
        "accounts": {share.instrument: share.account for share in shares},
        "columns": _columns(shares, layout),
        "folds": folds,
    }


def _classes(dtype: pl.DataType, use: LabelUse) -> list[str] | None:
    """Names of a label column's classes in the order of their codes; None for a number."""
    if isinstance(dtype, pl.Enum):
        return dtype.categories.to_list()
    return list(use.bound.script.classes or ("false", "true")) if dtype == pl.Boolean else None


def _span(share: Share) -> dict[str, Any]:
    return {"first": share.days[0], "last": share.days[-1], "count": len(share.days)}


def _columns(shares: Sequence[Share], layout: Layout) -> dict[str, Any]:
    """Statistics of every feature column over all bars, put together from what the chunks say of themselves."""
    made = [made for share in shares for made in share.made if made.chunk.kind == "features"]
    return {column: combine(of.receipt.facts["columns"][column] for of in made) for column in layout.features}
