"""What is asked next: a function of the parameters of the search and the trials that are told, and of nothing else.

Each trial draws with a generator of its own, seeded by the search's seed and the trial's number. So nothing needs to be
kept of a sampler, a search that goes on after a kill asks what it would have asked, and random trials do not depend on
how many were asked for at once.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from trading_ml.models.tuning.params import TuningParams
from trading_ml.models.tuning.space import Space, Values
from trading_ml.models.tuning.trial import Told

if TYPE_CHECKING:
    from optuna import Study


def ask(space: Space, told: Sequence[Told], numbers: Sequence[int]) -> list[Values]:
    """What the trials of a round try.

    Those of one round do not know what the others will come to. `tpe` takes each of them for a bad one (the constant
    liar of Ginsbourger et al. 2010), which keeps the next away from it.

    Args:
        space: What is searched.
        told: The trials of earlier rounds.
        numbers: Of the round's trials.

    Returns:
        The values of each; fewer where a grid comes to its end.
    """
    if space.tuning.sampler == "grid":
        points = list(space.points())
        random.Random(space.tuning.seed).shuffle(points)
        return points[numbers[0] : numbers[-1] + 1]
    found = []
    with quiet():
        study = study_of(space, told)
        for number in numbers:
            study.sampler = _sampler(space.tuning, number)
            found.append(space.ask(study.ask()))
    return found


def study_of(space: Space, told: Sequence[Told]) -> Study:
    """A study of Optuna, in memory, that knows some trials."""
    import optuna

    study = optuna.create_study(directions=space.tuning.directions, study_name="tuning")
    for each in told:
        study.add_trial(_frozen(space, each))
    return study


@contextmanager
def quiet() -> Iterator[None]:
    """Optuna says nothing: who asks for several trials at once needs no warning that it is an experiment."""
    import optuna

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(level)


def _sampler(tuning: TuningParams, number: int) -> Any:
    from optuna.samplers import RandomSampler, TPESampler

    seed = int(np.random.SeedSequence([tuning.seed, number]).generate_state(1)[0])
    if tuning.sampler == "random":
        return RandomSampler(seed)
    joint = len(tuning.objectives) == 1  # parameters are drawn together, those under one condition as a group
    return TPESampler(seed=seed, n_startup_trials=tuning.startup, constant_liar=True, multivariate=joint, group=joint)


def _frozen(space: Space, told: Told) -> Any:
    """A trial as Optuna keeps it: one that was pruned counts by the last value it reached."""
    from optuna.trial import TrialState, create_trial

    states = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
    params, distributions = space.told(told.values)
    return create_trial(
        state=states[told.trial.state], values=told.trial.scores or None, params=params, distributions=distributions,
        intermediate_values=dict(enumerate(told.trial.course, start=1)), user_attrs={"number": told.number},
    )  # fmt: skip
