"""Versions side by side: what each showed, what the gate said, and what was different in how they were made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trading_ml.core.errors import BadParams
from trading_ml.models.baselines import BASELINES
from trading_ml.models.source import PARTS
from trading_ml.registry.result import COLUMNS, JUDGEMENT, Judgement
from trading_ml.registry.store import Registry

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

_MADE_BY = ("env.", "git_commit")
_MOST = 12
"""Panels of a chart."""
Row = dict[str, Any]


def compare(registry: Registry, versions: Sequence[ModelVersion]) -> dict[str, Any]:
    """What is alike and what is not, ready for JSON; lists have one entry for each version, null where it has none.

    Returns:
        `versions`; `metrics` of all parts, baselines included, by name; `parameters` and `environment` that differ;
        `gate`: passed, reasons and openings of the test part; `datasets`, and the commands that tell how these differ.

    Raises:
        BadParams: when there are not two versions, or one is named twice.
    """
    numbers = [int(version.version) for version in versions]
    if len(set(numbers)) < len(numbers):
        raise BadParams("model compare", f"names version {_twice(numbers)} twice", "name different versions")
    if len(numbers) < 2:
        raise BadParams("model compare", "needs two versions or more", "name another one")
    runs = [registry.client.get_run(str(version.run_id)).data for version in versions]
    judged = [_judgement(version) for version in versions]
    metrics = [found.metrics if found else _of_parts(run.metrics) for found, run in zip(judged, runs, strict=True)]
    datasets = [version.tags["dataset"] for version in versions]
    made = [{key: tag for key, tag in version.tags.items() if key.startswith(_MADE_BY)} for version in versions]
    return {
        "model": registry.project,
        "versions": numbers,
        "aliases": [sorted(version.aliases) for version in versions],
        "gate": [found and found.verdict.model_dump(mode="json", exclude={"advantages"}) for found in judged],
        "metrics": _table(metrics, lambda values: True),
        "parameters": _table([run.params for run in runs], _differ),
        "environment": _table(made, _differ),
        "datasets": datasets,
        "dataset_diffs": _diffs(registry.project, datasets),
    }


def rows(told: Mapping[str, Any], baselines: bool = False) -> list[Row]:
    """The comparison's metrics as lines of a table, those of baselines only where asked for."""
    names = [name for name in told["metrics"] if baselines or not _of_baseline(name)]
    ordered = sorted(names, key=lambda name: (PARTS.index(name.partition("_")[0]), names.index(name)))
    whole = lambda name, value: int(value) if name.endswith("_samples") and value is not None else value
    shown = {name: [whole(name, value) for value in told["metrics"][name]] for name in ordered}
    return lines(told["versions"], shown, "metric")


def lines(versions: Sequence[int], table: Mapping[str, Sequence[Any]], head: str) -> list[Row]:
    """A line for each name, a column for each version."""
    columns = [f"version {number}" for number in versions]
    return [
        {head: name, **{column: "" if value is None else value for column, value in zip(columns, values, strict=True)}}
        for name, values in table.items()
    ]


def chart(told: Mapping[str, Any]) -> Any:
    """A figure with a panel for each metric of the model, its parts along the axis, and a line for each version."""
    from matplotlib.figure import Figure

    metrics, shown = told["metrics"], _panels(told["metrics"])
    parts = [part for part in PARTS if any(f"{part}_{name}" in metrics for name in shown)]
    width = min(len(shown), 4)
    height = -(-len(shown) // width)
    figure = Figure(figsize=(2.6 * width + 0.4, 2.3 * height + 0.5), layout="constrained")
    grid = figure.subplots(height, width, squeeze=False)
    for axes, metric in zip(grid.flat, shown, strict=False):
        for place, number in enumerate(told["versions"]):
            values = [metrics.get(f"{part}_{metric}", {place: None})[place] for part in parts]
            axes.plot(parts, [float("nan") if v is None else v for v in values], marker="o", label=f"version {number}")
        axes.set_title(metric, fontsize=9)
        axes.tick_params(labelsize=7)
        axes.margins(x=0.15)
    for axes in grid.flat[len(shown) :]:
        axes.set_visible(False)
    named = grid[0, 0].get_legend_handles_labels()
    figure.legend(*named, loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    return figure


def _panels(metrics: Mapping[str, Any]) -> list[str]:
    """The model's own metrics that a chart shows, part aside, in the order in which tables have them."""
    stems = dict.fromkeys(name.partition("_")[2] for name in metrics if not _of_baseline(name))
    found = [stem for column in COLUMNS for stem in stems if stem == column or stem.endswith(f"_{column}")]
    return list(dict.fromkeys(found or stems))[:_MOST]


def _of_baseline(name: str) -> bool:
    return name.endswith(tuple(f"_{each}" for each in BASELINES))


def _judgement(version: ModelVersion) -> Judgement | None:
    return Judgement.model_validate_json(version.tags[JUDGEMENT]) if JUDGEMENT in version.tags else None


def _of_parts(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if name.partition("_")[0] in PARTS}


def _table(given: Sequence[Mapping[str, Any]], shown: Callable[[list[Any]], bool]) -> dict[str, list[Any]]:
    """By name what each version has; of the names only those shown."""
    names = dict.fromkeys(name for each in given for name in each)
    values = {name: [each.get(name) for each in given] for name in names}
    return {name: found for name, found in values.items() if shown(found)}


def _differ(values: list[Any]) -> bool:
    return any(value != values[0] for value in values[1:])


def _diffs(project: str, datasets: Sequence[str]) -> list[str]:
    """How to see what is different between the first version's dataset and each other one."""
    others = dict.fromkeys(digest for digest in datasets if digest != datasets[0])
    return [f"trading-ml dataset diff {project} {datasets[0][:12]} {other[:12]}" for other in others]


def _twice(numbers: Sequence[int]) -> int:
    return next(number for number in numbers if numbers.count(number) > 1)
