"""Jobs run in this process on the data root's own instance: what the CLI calls."""

import logging
import uuid
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError

from trading_ml.bars import BarParams, sources
from trading_ml.core.errors import Refused, TradingError
from trading_ml.core.instruments import instrument as traded
from trading_ml.core.instruments import key_of
from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings
from trading_ml.core.time import overlapped
from trading_ml.defs import partitions
from trading_ml.defs.code import Code
from trading_ml.defs.instance import instance
from trading_ml.defs.jobs import TICKS, keys_of_models, keys_of_tables, span_tags
from trading_ml.defs.marks import Mark, spans
from trading_ml.project import Project

_LOT = 1000
"""Most dates that one run merges: its configuration names them."""


class Runs:
    """Runs the jobs of a code location in this process.

    Args:
        lake: The data root.
        code: The code location: definitions, grid and projects.
        log_level: Level of Dagster's own log on stderr.
    """

    def __init__(self, lake: Lake, code: Code, log_level: str = "CRITICAL") -> None:
        self.lake, self.code, self.log_level = lake, code, log_level
        self.instance = instance(lake)

    def ingest(self, *uploads: str) -> None:
        """Read announced uploads, partitions of the uploads asset, in one run."""
        if uploads:
            partitions.add(self.lake, self.instance, partitions.UPLOADS, list(uploads))
            besides = {"ops": {"uploads": {"config": {"also": list(uploads[:-1])}}}}
            self._run("ingest", besides, partition_key=uploads[-1])

    def ticks(self, instrument: str, days: Sequence[date]) -> None:
        """Merge the ticks of one instrument on some days."""
        self.merge({instrument: days})

    def merge(self, days: Mapping[str, Iterable[date]]) -> None:
        """Merge the ticks of instruments on some days of each, however far apart, in as few runs as make sense."""
        cells = [(name, day) for name in sorted(days) for day in sorted(days[name])]
        partitions.add(self.lake, self.instance, partitions.INSTRUMENTS, [key_of(name) for name in sorted(days)])
        for start in range(0, len(cells), _LOT):
            *others, (name, day) = cells[start : start + _LOT]
            also = {other: [str(each) for _, each in own] for other, own in groupby(others, key=itemgetter(0))}
            besides = {"ops": {"ticks": {"config": {"also": also}}}}
            self._run("tables", besides, asset_selection=[TICKS], tags=span_tags(self.code.grid, name, [day]))

    def tables(self, project: Project, instrument: str, days: Sequence[date]) -> None:
        """Bring a project's tables of one instrument up to date over some days.

        Only days run on which something is not what it was when this last ended: files, scripts, or the code.
        """
        mark = Mark(self.lake, project, instrument)
        if stale := mark.stale(days):
            for span in spans(sorted({*days, *stale}), stale):
                for other, wanted, needed in self._beside(project, instrument, span):
                    self._grid(other, needed, [TICKS, dg.AssetKey(["bars", wanted.name])])
                # Nothing of a project reads the pyramid, which would read all ticks again: pictures make it when drawn.
                self._grid(instrument, span, keys_of_tables([project], pyramid=False))
            Mark(self.lake, project, instrument).keep(days)

    def _grid(self, instrument: str, days: Sequence[date], assets: list[dg.AssetKey]) -> None:
        partitions.add(self.lake, self.instance, partitions.INSTRUMENTS, [key_of(instrument)])
        self._run("tables", asset_selection=assets, tags=span_tags(self.code.grid, instrument, days))

    def _beside(
        self, project: Project, instrument: str, days: Sequence[date]
    ) -> Iterator[tuple[str, BarParams, list[date]]]:
        """Other instruments that some dates look at, which bars of them, and the dates of these that may count."""
        own = traded(instrument, Settings().instruments)
        for other in project.others:
            if other.instrument and other.instrument != instrument:
                at = traded(other.instrument, Settings().instruments)
                first, last = overlapped(min(days), max(days), own.zone, at.zone)
                first -= timedelta(microseconds=other.age // 1000) + timedelta(1)
                found = sources(self.lake, other.params).days(at, first, last + timedelta(1))
                if found:
                    yield at.name, other.params, list(found)

    def models(self, project: Project, instruments: Sequence[str], start: str | None, end: str | None) -> int:
        """Build dataset, model and version of a project; returns the version's number.

        Raises:
            Refused: when the dataset's audit says no, or the dataset waits for its promotion.
        """
        made = self._dataset_and(keys_of_models(project), project, instruments, start, end)
        self._learnt(made, project, "version")
        (version,) = made.asset_materializations_for_node(f"{project.name}__version")
        return int(version.metadata["version"].value)  # pyright: ignore[reportArgumentType]

    def tuned(
        self, project: Project, instruments: Sequence[str], start: str | None, end: str | None, asked: Mapping[str, Any]
    ) -> str:
        """Build a project's dataset and search on it; `asked` is the search's configuration.

        Returns:
            The dataset's digest.

        Raises:
            Refused: when the dataset's audit says no, it waits for its promotion, or no trial came to a value.
        """
        keys = keys_of_models(project)[:2]
        made = self._dataset_and(keys, project, instruments, start, end, {f"{project.name}__tuning": {"config": asked}})
        return self._learnt(made, project, "tuning")

    def _learnt(self, made: dg.ExecuteInProcessResult, project: Project, part: str) -> str:
        """Digest of the dataset that an asset has learnt.

        Raises:
            Refused: when it waits for its promotion.
        """
        (dataset,) = made.asset_materializations_for_node(f"{project.name}__dataset")
        digest = str(dataset.metadata["digest"].value)
        if not made.asset_materializations_for_node(f"{project.name}__{part}"):
            fix = f"run `trading-ml dataset promote {project.name} {digest[:12]}`, then this again"
            raise Refused(f"dataset {digest[:12]} of {project.name}", "is built and waits for its promotion", fix)
        return digest

    def trained(self, project: Project) -> int:
        """Train and judge a project's model on the dataset that is promoted; returns the version's number."""
        made = self._run("models", asset_selection=keys_of_models(project)[1:])
        (version,) = made.asset_materializations_for_node(f"{project.name}__version")
        return int(version.metadata["version"].value)  # pyright: ignore[reportArgumentType]

    def dataset(self, project: Project, instruments: Sequence[str], start: str | None, end: str | None) -> str:
        """Build and audit a dataset of a project; returns its digest.

        Raises:
            Refused: when the audit says no.
        """
        made = self._dataset_and(keys_of_models(project)[:1], project, instruments, start, end)
        (dataset,) = made.asset_materializations_for_node(f"{project.name}__dataset")
        return str(dataset.metadata["digest"].value)

    def _dataset_and(
        self,
        assets: list[dg.AssetKey],
        project: Project,
        instruments: Sequence[str],
        start: str | None,
        end: str | None,
        besides: Mapping[str, Any] | None = None,
    ) -> dg.ExecuteInProcessResult:
        config = {"instruments": list(instruments), "start": start, "end": end}
        run_config = {"ops": {f"{project.name}__dataset": {"config": config}, **(besides or {})}}
        return self._run("models", asset_selection=assets, run_config=run_config)

    def _run(self, name: str, run_config: Mapping[str, Any] | None = None, **options: Any) -> dg.ExecuteInProcessResult:
        logging.getLogger("dagster").setLevel(self.log_level)
        console = {"loggers": {"console": {"config": {"log_level": self.log_level}}}}
        run_id = str(uuid.uuid4())
        job = self.code.definitions.resolve_job_def(name)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return job.execute_in_process(
                    instance=self.instance, run_id=run_id, run_config={**console, **(run_config or {})}, **options
                )
        except DagsterExecutionInterruptedError as caught:
            raise KeyboardInterrupt from caught
        except Exception as caught:
            raise self._reason(caught, run_id) from caught

    def _reason(self, caught: BaseException, run_id: str) -> BaseException:
        """What to show for a failed run: the error a room raised, or the blocking check that said no."""
        cause: BaseException | None = caught
        while cause is not None:
            if isinstance(cause, TradingError):
                return cause
            cause = cause.__cause__
        for entry in self.instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
            event = entry.get_dagster_event()
            check = event.asset_check_evaluation_data
            if not check.passed and check.blocking and check.severity == dg.AssetCheckSeverity.ERROR:
                return Refused(check.asset_check_key.to_user_string(), check.description or "said no")
        return caught
