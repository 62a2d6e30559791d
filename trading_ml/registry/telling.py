"""What a search tells while it goes on: to whoever listens, and to its run in MLflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from trading_ml.core import progress
from trading_ml.models.tuning.figures import figures, rows
from trading_ml.models.tuning.journal import Journal
from trading_ml.models.tuning.search import front
from trading_ml.models.tuning.space import Space
from trading_ml.models.tuning.trial import Told
from trading_ml.registry.result import markdown
from trading_ml.registry.runs import Run

TABLE = "trials.md"
"""Artifact of a search: its trials as a table."""
PLOTS = "study"
"""Folder of a search's figures among its artifacts."""


@dataclass(frozen=True)
class Telling:
    """A search under way."""

    run: Run
    project: str
    space: Space
    journal: Journal
    trials: int
    say: Callable[[str], None]
    """Told a sentence for each trial that has ended, or whose process has died."""
    ended: list[Told] = field(default_factory=list)

    def told(self, told: Told) -> None:
        """A trial has ended."""
        self.ended.append(told)
        best = front(self.ended, self.space.tuning)
        names = [objective.name for objective in self.space.tuning.objectives]
        scores = dict(zip(names, told.trial.scores, strict=False))
        if best:
            scores |= {f"best_{name}": score for name, score in zip(names, best[0].trial.scores, strict=True)}
        self.run.metrics(scores, step=told.number)
        first = (
            f"{self.space.tuning.objective[0]} {best[0].trial.scores[0]:.4f} (trial {best[0].number})"
            if best
            else "none"
        )
        self.say(self._report(f"trial {len(self.ended)} of {self.trials}, best so far {first}"))

    def lost(self, number: int, times: int) -> None:
        """The process of a trial has died."""
        self.say(self._report(f"the process of trial {number} died, {times} times by now: it is tried again by itself"))

    @contextmanager
    def table(self) -> Iterator[None]:
        """However the block ends, its trials are told as a table."""
        self._report(f"trial 0 of {self.trials}")
        try:
            yield
        finally:
            self.run.text(markdown(rows(self.space, list(self.journal.told.values()))), TABLE)

    def figures(self) -> None:
        """Draw what the whole search shows."""
        for name, figure in figures(self.space, list(self.journal.told.values())).items():
            self.run.figure(figure, f"{PLOTS}/{name}.png")

    def _report(self, note: str) -> str:
        progress.report(f"{self.project}: trials", len(self.ended), self.trials, note)
        return note
