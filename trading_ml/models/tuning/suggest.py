"""How Optuna knows a parameter that is searched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from trading_ml.core.digest import canonical
from trading_ml.models.tuning.params import Axis, Choice, Range

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial


def distribution(axis: Axis, whole: bool) -> BaseDistribution:
    """What a parameter is drawn from; `whole` numbers where it takes no others."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(axis, Choice):
        return CategoricalDistribution([canonical(choice) for choice in axis.choices])
    assert isinstance(axis, Range)
    if whole:
        return IntDistribution(int(axis.low), int(axis.high), step=int(axis.step or 1), log=axis.log)
    return FloatDistribution(axis.low, axis.high, step=axis.step, log=axis.log)


def suggest(trial: Trial, path: str, axis: Axis, whole: bool) -> Any:
    """A value of a parameter, by the sampler of the trial's study."""
    told: Any = distribution(axis, whole)
    if isinstance(axis, Choice):
        return json.loads(trial.suggest_categorical(path, told.choices))
    ask: Any = trial.suggest_int if whole else trial.suggest_float
    return ask(path, told.low, told.high, step=told.step, log=told.log)


def as_known(axis: Axis, value: Any) -> Any:
    """A value as Optuna knows it: a choice, which may be a list, by its text."""
    return canonical(value) if isinstance(axis, Choice) else value
