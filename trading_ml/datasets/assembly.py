"""Build a dataset: series, samples, split, purge, verification, manifest; all of it appears in one rename."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl

from trading_ml.core.errors import NoData
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake, publish
from trading_ml.core.settings import Settings
from trading_ml.datasets.collect import Share, collect
from trading_ml.datasets.dataset import Dataset
from trading_ml.datasets.folds import assign
from trading_ml.datasets.layout import Layout, days
from trading_ml.datasets.manifest import manifest
from trading_ml.datasets.params import DatasetParams
from trading_ml.datasets.samples import REASONS
from trading_ml.datasets.series import Store
from trading_ml.datasets.sources import sources


def build(
    lake: Lake, params: DatasetParams, start: str | None = None, end: str | None = None, workers: int | None = None
) -> Dataset:
    """The dataset of `params` over the days from `start` (inclusive) to `end` (exclusive).

    The same tables and parameters give the same digest and bytes, at any number of workers and on any day; what is
    there already is not built again. The dataset waits for its promotion.

    Raises:
        NoData: when features, labels, or the samples of a part are missing.
        Refused: when a script has no passing proof, a label ends with its sample, or parts overlap after the purge.
        AccountingError: when bars are neither samples nor rejected for a reason.
    """
    names = [instrument(name, Settings().instruments) for name in params.instruments]
    with lake.lock("datasets", params.project), ThreadPoolExecutor(workers or Settings().workers) as pool:
        scripts = sources(lake, params)
        spans = [days(lake, params, name, start, end) for name in names]
        layout, store = Layout.of(params), Store(lake, params.project)
        shares = [collect(store, params, layout, name, of, pool) for name, of in zip(names, spans, strict=True)]
        samples = _samples(shares, params.project)
        content = _publish(store, params, layout, scripts, shares, samples)
    return Dataset.open(lake, params.project, content["digest"])


def _samples(shares: Sequence[Share], project: str) -> pl.DataFrame:
    """All samples, by instrument and bar; the texts of a label become the categories that occur."""
    samples = pl.concat(share.samples for share in shares)
    if samples.is_empty():
        told = {reason: sum(share.account[reason] for share in shares) for reason in REASONS}
        why = ", ".join(f"{reason} {count:,}" for reason, count in told.items() if count)
        problem = f"no bar makes a sample ({why or 'there are no bars'})"
        raise NoData(project, problem, "give more days or shorter windows")
    texts = [name for name, kind in samples.schema.items() if kind == pl.String]
    return samples.with_columns(pl.col(name).cast(pl.Enum(samples[name].unique().sort())) for name in texts)


def _publish(
    store: Store,
    params: DatasetParams,
    layout: Layout,
    scripts: Mapping[str, Any],
    shares: Sequence[Share],
    samples: pl.DataFrame,
) -> dict[str, Any]:
    """Split, purge, write the files and let them appear under the digest; returns the manifest."""
    lake = store.lake
    folds, verdicts = assign(samples, params.split, params.project, layout.longest)
    with lake.staging() as staged:
        folder = staged / "dataset"
        files = {"samples.parquet": samples.drop("date"), "folds.parquet": folds}
        digests = [lake.write_parquet(folder / name, frame).digest for name, frame in files.items()]
        content = manifest(store, params, layout, scripts, shares, verdicts, samples.schema, digests)
        final = lake.path("datasets", params.project, content["digest"][:12])
        if not final.exists():
            lake.write_json(folder / "manifest.json", content)
            publish(folder, final)
    return content
