"""What a search shows of itself: a table of its trials, and Optuna's figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from trading_ml.models.tuning.sampling import quiet, study_of
from trading_ml.models.tuning.search import front
from trading_ml.models.tuning.space import Space
from trading_ml.models.tuning.trial import Told

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from optuna import Study
    from optuna.trial import FrozenTrial

_MOST = 3  # parameters, the most important ones, that one figure of pairs shows


def rows(space: Space, told: Sequence[Told]) -> list[dict[str, Any]]:
    """A line of a table for each trial: what it tried and what came of it; the best has a star, the front a circle."""
    best = [each.number for each in front(told, space.tuning)]
    marks = dict.fromkeys(best[1:], "●") | dict.fromkeys(best[:1], "★")
    return [
        {
            "trial": each.number,
            "": marks.get(each.number, ""),
            **dict(zip(space.tuning.objective, each.trial.scores, strict=False)),
            **{path.partition(".")[2]: _short(each.values.get(path, "")) for path in space.tuning.over},
            "state": each.trial.state,
            "epochs": each.trial.epochs,
            "seconds": round(each.trial.seconds, 1),
        }
        for each in told
    ]


def figures(space: Space, told: Sequence[Told]) -> dict[str, Figure]:
    """Figures by name; those are left out that so few trials cannot show."""
    complete = [each for each in told if each.trial.state == "complete"]
    if not complete:
        return {}
    import matplotlib as mpl

    with quiet(), mpl.rc_context():  # Optuna sets a style for the whole process
        return dict(_drawn(study_of(space, told), space, len(complete)))


def _drawn(study: Study, space: Space, complete: int) -> Iterator[tuple[str, Figure]]:
    from optuna.visualization import matplotlib as drawing

    for place, name in enumerate(space.tuning.objective):
        target: Any = None if len(space.tuning.objective) == 1 else partial(_value, place)
        tail, told = (f"_{place + 1}" if target else ""), {"target": target, "target_name": name}
        yield f"history{tail}", _whole(drawing.plot_optimization_history(study, **told))
        if complete > 1:
            yield f"slices{tail}", _whole(drawing.plot_slice(study, **told), 2.2 * len(space.tuning.over))
        if complete > 1 and len({_value(place, trial) for trial in study.trials if trial.values}) > 1:
            yield from _pairs(study, tail, told)
    if len(space.tuning.objective) in (2, 3):
        yield "front", _whole(drawing.plot_pareto_front(study, target_names=list(space.tuning.objective)))
    if space.tuning.pruner != "none":
        yield "courses", _whole(drawing.plot_intermediate_values(study))


def _pairs(study: Study, tail: str, told: Mapping[str, Any]) -> Iterator[tuple[str, Figure]]:
    """How much each parameter counts, and those that count most against each other."""
    from optuna.importance import get_param_importances
    from optuna.visualization import matplotlib as drawing

    yield f"importances{tail}", _whole(drawing.plot_param_importances(study, **told))
    first = list(get_param_importances(study, target=told["target"]))[:_MOST]
    if len(first) > 1:
        yield f"contours{tail}", _whole(drawing.plot_contour(study, params=first, **told), 3.6 * len(first), 9)


def _whole(axes: Any, width: float = 8, height: float = 4.5) -> Figure:
    """The figure of some axes, taken out of what pyplot holds open, wide enough for all of them."""
    from matplotlib import pyplot

    figure = (axes.flat[0] if hasattr(axes, "flat") else axes).figure
    pyplot.close(figure)
    figure.set_size_inches(max(width, 8), height)
    if len(figure.axes) != 2:  # one pair of axes and a scale of colours, which leaves no room to move
        figure.set_layout_engine("constrained")
    return figure


def _value(place: int, trial: FrozenTrial) -> float:
    return trial.values[place]


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
