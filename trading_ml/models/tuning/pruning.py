"""Ending a trial early: it is compared, epoch by epoch, with the trials of earlier rounds.

Those of its own round do not count: how far they are just then depends on the machine, and what is found must not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from trading_ml.models.tuning.params import TuningParams
from trading_ml.models.tuning.sampling import quiet

_SHARE = 3  # of those that came as far, the best one in so many goes on


class Pruned(Exception):
    """The trial is behind: raised after an epoch, through the training."""


@dataclass(frozen=True)
class Pruning:
    """Decides whether a trial goes on, by Optuna's rules; it can be pickled."""

    rule: Literal["median", "halving"]
    direction: Literal["maximize", "minimize"]
    startup: int
    warm_up: int
    earlier: tuple[tuple[float, ...], ...]
    """The objective after each epoch of every earlier trial, complete or not, in the order of their numbers."""

    @classmethod
    def by(cls, tuning: TuningParams, earlier: tuple[tuple[float, ...], ...]) -> Pruning | None:
        """What a search asks for, where it does."""
        if tuning.pruner == "none":
            return None
        return cls(tuning.pruner, tuning.directions[0], tuning.startup, tuning.warm_up, earlier)

    def hopeless(self, course: tuple[float, ...]) -> bool:
        """Whether a trial with these values until now is to end.

        The earlier trials are gone through again, one after the other, as if they had been trained so.

        Example:
            >>> rule = Pruning("median", "maximize", 1, 0, ((0.5, 0.6), (0.6, 0.8)))
            >>> rule.hopeless((0.4,)), rule.hopeless((0.7, 0.75))
            (True, False)
        """
        import optuna

        if not course or len(self.earlier) < self.startup or len(course) <= self.warm_up:
            return False
        with quiet():
            study = optuna.create_study(direction=self.direction, pruner=self._pruner())
            for values in filter(None, self.earlier):
                trial = study.ask()
                _report(trial, values)
                study.tell(trial, values[-1])
            return _report(study.ask(), course)

    def _pruner(self) -> Any:
        from optuna.pruners import MedianPruner, SuccessiveHalvingPruner

        if self.rule == "median":
            return MedianPruner(n_startup_trials=self.startup, n_warmup_steps=self.warm_up)
        return SuccessiveHalvingPruner(min_resource=max(self.warm_up, 1), reduction_factor=_SHARE)


def _report(trial: Any, values: tuple[float, ...]) -> bool:
    """Whether it is to end after the last of its values."""
    ends = False
    for epoch, value in enumerate(values, start=1):
        trial.report(value, epoch)
        ends = bool(trial.should_prune())
    return ends
