"""Fitting estimators: the same parameters, dataset, versions and threads give the same weights, bit for bit."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.core.errors import BadInput, Refused
from trading_ml.models.estimators.estimator import Estimator, Fitted
from trading_ml.models.estimators.gather import bounded, gathered, shown_as
from trading_ml.models.families.estimated import EstimatorParams, Lesson, Plan, by_column
from trading_ml.models.params import TrainingParams
from trading_ml.models.source import Source, Target, answers, part
from trading_ml.models.weights import class_weights, sample_weights

_LEAST = 1e-7  # probability, as in Keras's losses


def fit(source: Source, plan: Plan, training: TrainingParams) -> tuple[Estimator, dict[str, float]]:
    """Fit an estimator for each label on the train part; the test part is not touched.

    Args:
        source: The dataset.
        plan: What to fit.
        training: Of it `seed`, `threads` and `class_weight` count.

    Returns:
        It, and the metrics that a network tells after an epoch: `loss` and `val_loss`, which are sums where there are
        several labels, and of each label its kind's.

    Raises:
        NoData: when the train or validation part is empty.
        BadParams: when it does not answer a label, or its inputs take more memory than they may.
        BadInput: when all training samples of a label are of one class.
        Refused: when a solver does not converge.
    """
    params, targets = plan.params, plan.checked(source)
    parts = {"": part(source, "train"), "val_": part(source, "validation")}
    by_class = class_weights(source, targets, parts[""], training.class_weight)
    with _on(training.threads):
        shown = [shown_as(source, params, name, parts[""]) for name in plan.features]
        bounded(params, shown, sum(map(len, parts.values())))
        x = {name: gathered(source, params, shown, rows) for name, rows in parts.items()}
        fitted, told = [], {}
        for asked in targets:
            lessons = {
                name: Lesson(x[name], _answers(source, rows, asked),
                             sample_weights(source, asked, rows, by_class.get(asked.name)))
                for name, rows in parts.items()
            }  # fmt: skip
            fitted.append(_taught(params, asked, lessons[""], lessons["val_"], training))
            told[asked.name] = {name: _told(fitted[-1], lesson) for name, lesson in lessons.items()}
    return Estimator(params.family, shown, fitted), _flat(told)


def _answers(source: Source, rows: NDArray[np.int64], asked: Target) -> NDArray[Any]:
    return answers(source, rows, asked).astype(np.float64 if asked.kind == "numeric" else np.int64)


def _taught(
    params: EstimatorParams, asked: Target, lesson: Lesson, watched: Lesson, training: TrainingParams
) -> Fitted:
    """One estimator, or one for each column where the family does not answer several."""
    if asked.classes is not None and len(np.unique(lesson.y)) < 2:
        only = asked.classes[int(lesson.y[0])]
        raise BadInput(f"label {asked.name}", f"is '{only}' in all training samples", "widen the dates")
    pairs = [(lesson, watched)]
    if lesson.y.ndim > 1 and not params.several:
        pairs = list(zip(lesson.columns(), watched.columns(), strict=True))
    models = [params.make(asked.kind, len(lesson.x), training.seed, training.threads) for _ in pairs]
    for model, (own, seen) in zip(models, pairs, strict=True):
        _converged(params, lambda model=model, own=own, seen=seen: params.teach(model, own, seen))
    return Fitted(asked.name, asked.kind, asked.width, models)


def _converged(params: EstimatorParams, teach: Callable[[], None]) -> None:
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            teach()
        except ConvergenceWarning:
            fix = "scale the features (zscore), or raise alpha or iterations"
            raise Refused("training", f"{params.family} has not converged", fix) from None


def _told(fitted: Fitted, lesson: Lesson) -> dict[str, float]:
    """Loss, in which samples count by their weight, and metric: the names and formulas of a network's head."""
    found = fitted.answers(lesson.x)
    if fitted.kind == "numeric":
        off = np.column_stack(by_column(lesson.y)) - found
        return _means(lesson, np.square(off).mean(axis=1), "mean_absolute_error", np.abs(off).mean(axis=1))
    every = np.column_stack([1 - found, found]) if fitted.kind == "binary" else found
    likely = np.clip(every[np.arange(len(every)), lesson.y], _LEAST, 1 - _LEAST)
    return _means(lesson, -np.log(likely), "accuracy", every.argmax(axis=1) == lesson.y)


def _means(lesson: Lesson, losses: NDArray[Any], name: str, values: NDArray[Any]) -> dict[str, float]:
    return {"loss": float(np.average(losses, weights=lesson.weights)), name: float(values.mean())}


def _flat(told: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, float]:
    """By label and part to `[val_][<label>_]<metric>`, the label being told where there are several."""
    if len(told) == 1:
        ((_, parts),) = told.items()
        return {f"{part}{metric}": value for part, values in parts.items() for metric, value in values.items()}
    sums = {f"{part}loss": sum(parts[part]["loss"] for parts in told.values()) for part in ("", "val_")}
    return sums | {
        f"{part}{label}_{metric}": value
        for label, parts in told.items()
        for part, values in parts.items()
        for metric, value in values.items()
    }


def _on(threads: int) -> Any:
    """Linear algebra and boosting on so many threads; scikit-learn has to be loaded for that."""
    import sklearn.ensemble  # noqa: F401
    from threadpoolctl import threadpool_limits

    return threadpool_limits(threads)
