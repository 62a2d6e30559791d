"""Which assets belong to what, and how to ask for a range of dates of one instrument."""

from collections.abc import Iterable, Sequence
from datetime import date

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from trading_ml.defs import partitions
from trading_ml.project import Project

Job = UnresolvedAssetJobDefinition
TICKS = dg.AssetKey("ticks")
PYRAMID = dg.AssetKey("pyramid")


def keys_of_tables(projects: Iterable[Project], pyramid: bool = True) -> list[dg.AssetKey]:
    """Ticks, their pyramid, and of some projects bars, the proofs that features and labels demand, and these."""
    keys = [TICKS, PYRAMID] if pyramid else [TICKS]
    for project in projects:
        keys += keys_of_bars(project)
        keys += [dg.AssetKey([project.name, part]) for part in ("proofs", "features", "labels")]
    return list(dict.fromkeys(keys))


def keys_of_bars(project: Project) -> list[dg.AssetKey]:
    """A project's bars, and the others that its scripts look at."""
    return [dg.AssetKey(["bars", params.name]) for params in project.all_bars]


def keys_of_models(project: Project) -> list[dg.AssetKey]:
    """The assets of a project that are one for all dates and instruments."""
    parts = ("dataset", "tuning", "model", "version") if project.tuning else ("dataset", "model", "version")
    return [dg.AssetKey([project.name, part]) for part in parts]


def watching(instrument: str, projects: Iterable[Project]) -> list[Project]:
    """The projects that name or look at an instrument; where there is none, all, so that it can be looked at first."""
    projects = list(projects)
    found = [project for project in projects if project.names(instrument) or project.looks_at(instrument)]
    return found or projects


def span_tags(grid: dg.MultiPartitionsDefinition, instrument: str, days: Sequence[date]) -> dict[str, str]:
    """Run tags that select the grid cells of `instrument` from its first to its last day."""
    return {
        "dagster/asset_partition_range_start": partitions.key(min(days), instrument, grid),
        "dagster/asset_partition_range_end": partitions.key(max(days), instrument, grid),
    }
