"""The code location, composed: shared assets once, each project's assets from its file, jobs and sensors."""

import logging
from dataclasses import dataclass
from functools import cached_property

import dagster as dg

from trading_ml.core.errors import TradingError
from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings
from trading_ml.defs import partitions, projects, retrain, sensors
from trading_ml.defs.bars import bars
from trading_ml.defs.models import models as models_of
from trading_ml.defs.resources import LakeResource
from trading_ml.defs.ticks import pyramid, ticks, uploads
from trading_ml.project import Project, load_all


@dataclass(frozen=True)
class Code:
    """What the code location is made of, and the definitions made of it."""

    grid: dg.MultiPartitionsDefinition
    projects: tuple[Project, ...]
    broken: dict[str, TradingError]

    @classmethod
    def load(cls, extra: Project | None = None) -> "Code":
        """Read settings, the lake's first date and the project files.

        Args:
            extra: A project whose file lies outside the projects folder.
        """
        settings = Settings()
        good, broken = load_all(settings.projects)
        for name, error in broken.items():
            logging.getLogger("dagster").error("project %s is left out: %s", name, error)
        found = {project.name: project for project in [*good, *([extra] if extra else [])]}
        return cls(partitions.grid(partitions.earliest(Lake(settings.data))), tuple(found.values()), broken)

    @cached_property
    def definitions(self) -> dg.Definitions:
        """Assets, jobs, sensors and schedules."""
        tables, models = [ticks(self.grid), pyramid(self.grid)], []
        kinds = {params.name: params for project in self.projects for params in project.all_bars}
        tables += [bars(params, self.grid) for params in kinds.values()]
        for project in self.projects:
            tables += projects.tables(project, self.grid)
            models += models_of(project)
        broken = [projects.broken(name, error) for name, error in self.broken.items()]
        ingest = dg.define_asset_job("ingest", [uploads], description="Read announced raw files.")
        build = dg.define_asset_job("tables", tables, description="Ticks, bars, features and labels of some dates.")
        jobs, schedules = [ingest, build], []
        watching = [sensors.raw_files(ingest), sensors.touched(build, self.grid, self.projects)]
        if models:
            jobs.append(dg.define_asset_job("models", models, description="Dataset, model and version of projects."))
            schedules.append(sensors.nightly(jobs[-1], self.projects))
        if any(project.retrain for project in self.projects):
            watching.append(retrain.retraining(jobs[-1], self.projects))
        return dg.Definitions(
            assets=[uploads, *tables, *models, *broken],
            jobs=jobs,
            schedules=schedules,
            sensors=watching,
            resources={"lake": LakeResource.of_settings()},
            executor=dg.in_process_executor,
        )
