"""One factory: a project file becomes an asset group, from proofs to the registered version."""

import dagster as dg

from trading_ml import features, labels
from trading_ml.core.errors import TradingError
from trading_ml.core.instruments import instrument
from trading_ml.core.settings import Settings
from trading_ml.defs import partitions, report
from trading_ml.defs.models import model_assets
from trading_ml.defs.resources import LakeResource
from trading_ml.project import Project

Made = tuple[list[dg.AssetsDefinition], list[dg.AssetsDefinition]]


def assets(project: Project, grid: dg.MultiPartitionsDefinition) -> Made:
    """The project's assets: those on the grid (with the proofs they demand), and those that are one for all."""
    return [_proofs(project), *_tables(project, grid)], model_assets(project)


def broken_asset(name: str, error: TradingError) -> dg.AssetsDefinition:
    """Stands where the assets of a broken project file would: says what is wrong, and fails with it."""

    @dg.asset(key=[name, "broken"], group_name=name, description=f"This project file is broken.\n\n{error}")
    def _broken() -> None:
        raise error

    return _broken
