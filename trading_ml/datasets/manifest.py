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
from trading_ml.datasets.series import Store
from trading_ml.datasets.statistics import combine


def manifest(
    store: Store,
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
            {"name": name, "column": column, **_answer(schema[column], params.labels[name].bound.script.classes)}
            for name, columns in layout.labels.items()
            for column in columns
        ],
        "days": {share.instrument: _span(share) for share in shares},
        "chunks": [asdict(chunk) for chunk in chunks],
        "candidates": total["candidates"],
        "kept": total["kept"],
        "rejected": {reason: total[reason] for reason in REASONS},
        "accounts": {share.instrument: share.account for share in shares},
        "columns": _columns(store, shares, layout),
        "folds": folds,
    }


def _answer(dtype: pl.DataType, declared: Sequence[str]) -> dict[str, Any]:
    """Kind of a label column and the names of its classes, in the order of their codes."""
    if isinstance(dtype, pl.Enum):
        return {"kind": "categorical", "classes": dtype.categories.to_list()}
    if dtype == pl.Boolean:
        return {"kind": "boolean", "classes": list(declared or ("false", "true"))}
    return {"kind": "numeric", "classes": []}


def _span(share: Share) -> dict[str, Any]:
    return {"first": share.days[0], "last": share.days[-1], "count": len(share.days)}


def _columns(store: Store, shares: Sequence[Share], layout: Layout) -> dict[str, Any]:
    """Statistics of every feature column over all bars, put together from what the chunks say of themselves."""
    facts = [store.receipt(chunk).facts for share in shares for chunk in share.chunks if chunk.kind == "features"]
    return {column: combine(of[column] for of in facts) for column in layout.features}
