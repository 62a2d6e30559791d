"""A project's search for parameters: its journal, its trials below one run of MLflow, and the order it comes to."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trading_ml.core.digest import digest, file_digest
from trading_ml.core.errors import NoData, Refused
from trading_ml.core.lake import Lake
from trading_ml.core.parallel import Workers
from trading_ml.models import tuning as room
from trading_ml.models.source import Source
from trading_ml.models.tuning.figures import rows
from trading_ml.models.tuning.journal import Journal
from trading_ml.models.tuning.params import TuningParams
from trading_ml.models.tuning.search import Listener, Task, front, search
from trading_ml.models.tuning.space import Space
from trading_ml.models.tuning.trial import Trial
from trading_ml.registry import trial
from trading_ml.registry.beside import completed
from trading_ml.registry.provenance import commit, origin
from trading_ml.registry.register import Order
from trading_ml.registry.store import Registry
from trading_ml.registry.telling import PLOTS, Telling
from trading_ml.registry.trial import Trying
from trading_ml.registry.tuned import Tuned

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun

Say = Callable[[str], None]
SEARCH = "search"
"""Tag of the run of a search: its key."""
TUNED = "tuned_by"
"""Tag of a version whose parameters a search has found: the search's key and the trial."""
_DECISIVE = ("params", "space", "suggest", "sampling", "pruning", "search")


@dataclass(frozen=True)
class Study:
    """The search that a project file asks for, on a dataset.

    It can be broken off at any moment: trials that have ended are kept, and the same call goes on after them.
    """

    lake: Lake
    source: Source
    order: Order
    """What the project file asks for; of what is searched, its values do not count."""
    tuning: TuningParams

    @cached_property
    def key(self) -> str:
        """Digest of all that decides what is found: dataset, parameters, what is searched, sources, versions."""
        folder = Path(str(room.__file__)).parent
        sources = {part: file_digest(folder / f"{part}.py") for part in _DECISIVE}
        return digest(
            completed(self.lake, self.order).key(self.source), self.tuning.decisive, sources, version("optuna")
        )

    @cached_property
    def journal(self) -> Journal:
        """What is known of it."""
        return Journal(self.lake, self.order.project, self.key)

    @cached_property
    def space(self) -> Space:
        """What is searched."""
        return Space(self.tuning, self.order.model, self.order.training)

    def run(
        self,
        trials: int | None = None,
        parallel: int | None = None,
        given: Executor | None = None,
        say: Say = lambda line: None,
    ) -> Tuned:
        """Search, or go on searching; what is there already is not tried again.

        Args:
            trials: How many trials there are to be in all; when left out, as many as the project file says, or none
                beyond those that there are where `close` was called.
            parallel: How many at once; as many as the project file says when left out.
            given: An executor to run them on.
            say: Told a sentence for each trial that has ended, or whose process has died.

        Raises:
            Refused: when no trial comes to a value. Stopped: when somebody asks to stop.
        """
        with self.lake.lock("tuning", self.order.project, self.key):
            if trials is not None and self.journal.closed:
                self.journal.close(False)
            asked = trials or self.most
            if not self.journal.closed and not (len(self.journal.told) >= asked and self._shown):
                self.journal.begin({"dataset": self.source.digest, "tuning": self.tuning.decisive})
                self._search(asked, parallel or self.tuning.parallel, given, say)
            return self.tuned()

    def close(self) -> Tuned:
        """No further trials: the best of those there are is the answer, until more are asked for by number.

        Raises:
            NoData: when there are none. Refused: when none came to a value.
        """
        self.tuned()
        self.journal.close(True)
        return self.tuned()

    def tuned(self) -> Tuned:
        """What the search has found until now.

        Raises:
            NoData: when no trial has ended. Refused: when none came to a value.
        """
        told = tuple(self.journal.told.values())
        if not told:
            raise NoData(f"search of {self.order.project}", "has no trials yet", self._fix)
        best = front(told, self.tuning)
        if not best:
            problem = f"none of {len(told)} trials came to a value; the first: {told[0].trial.reason}"
            raise Refused(f"search of {self.order.project}", problem, "narrow the ranges of tuning.over")
        return Tuned(
            project=self.order.project, search=self.key, dataset=self.source.digest, objective=self.tuning.objective,
            best=best[0], front=tuple(each.number for each in best), trials=told, most=self.most,
            closed=self.journal.closed, digest=self.journal.digest,
        )  # fmt: skip

    def chosen(self) -> Order:
        """What the project's model is trained by: the parameters of the best trial.

        Raises:
            NoData: when the search has not come to its end. Refused: when no trial came to a value.
        """
        tuned = self.tuned()
        if not tuned.complete:
            problem = f"has {len(tuned.trials)} of {self.most} trials"
            raise NoData(f"search of {self.order.project}", problem, self._fix)
        model, training = self.space.params(tuned.best.values)
        tags = {**self.order.tags, TUNED: f"{self.key}/{tuned.best.number}"}
        return replace(self.order, model=model, training=training, tags=tags)

    @cached_property
    def most(self) -> int:
        """How many trials the project file asks for; a grid may have fewer."""
        if self.tuning.sampler != "grid":
            return self.tuning.trials
        return min(self.tuning.trials, sum(1 for _ in self.space.points()))

    def rows(self) -> list[dict[str, Any]]:
        """A line of a table for each trial."""
        return rows(self.space, list(self.journal.told.values()))

    def pictures(self) -> dict[str, bytes]:
        """The figures that its run in MLflow keeps, PNG by name."""
        run = self._mlflow(Registry.open(self.lake, self.order.project))
        files = Path(str(run.info.artifact_uri), PLOTS).glob("*.png") if run else ()
        return {file.stem: file.read_bytes() for file in sorted(files)}

    @property
    def _shown(self) -> bool:
        """Whether its run came to its end."""
        run = self._mlflow(Registry.make(self.lake, self.order.project, self.order.description))
        return run is not None and run.info.status == "FINISHED"

    @property
    def _fix(self) -> str:
        return f"`trading-ml project tune {self.order.project}` goes on"

    def _search(self, trials: int, parallel: int, given: Executor | None, say: Say) -> None:
        registry = Registry.make(self.lake, self.order.project, self.order.description)
        tags = {SEARCH: self.key, "dataset": self.source.digest, "git_commit": commit(), **self.order.tags}
        params = {f"tuning.{key}": value for key, value in self.tuning.decisive.items()}
        before, name = self._mlflow(registry), f"search-{self.key[:8]}"
        with registry.run(name, tags | origin(self.order.description), params, before and before.info.run_id) as run:
            telling = Telling(run, self.order.project, self.space, self.journal, trials, say)
            trying = Trying(run.id, self.key[:12], self.tuning.objectives)
            work = partial(_try, self.lake, self.order, self.source, trying)
            with telling.table(), Workers(parallel, given) as workers:
                search(self.space, self.journal, work, workers, trials, Listener(telling.told, telling.lost))
            telling.figures()

    def _mlflow(self, registry: Registry) -> MlflowRun | None:
        """Its run in MLflow, where it has one."""
        found = registry.client.search_runs([registry.experiment], f"tags.{SEARCH} = '{self.key}'", max_results=1)
        return found[0] if found else None


def _try(lake: Lake, order: Order, source: Source, trying: Trying, task: Task) -> Trial:
    """A trial of the search, in whichever process."""
    asked = replace(order, model=task.model, training=task.training)
    return trial.run(lake, asked, source, trying, task.number, task.pruning)
