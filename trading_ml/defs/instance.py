"""The data root's own Dagster instance, so that the UI shows what the CLI did and the other way round."""

import os
from pathlib import Path

import dagster as dg
import yaml
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager

from trading_ml.core.lake import Lake

# Relative folders would follow the working directory, so the file is written with absolute ones.
_SETTINGS = {
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    "run_monitoring": {"enabled": True, "start_timeout_seconds": 180},
    "run_retries": {"enabled": False},
    "python_logs": {"python_log_level": "INFO"},  # epochs and progress, a line in some seconds
    "retention": {"sensor": {"purge_after_days": {"skipped": 1, "success": 30}}},
}

_WORKSPACE = {
    "load_from": [{"python_module": {"module_name": "trading_ml.definitions", "location_name": "trading_ml"}}]
}


def home(lake: Lake) -> Path:
    """The DAGSTER_HOME of a data root, both its files in place and the environment pointing at it."""
    folder = lake.path("dagster").resolve()
    content = {**_SETTINGS, "storage": {"sqlite": {"base_dir": str(folder / "storage")}}}
    for name, said in {"dagster.yaml": content, "workspace.yaml": _WORKSPACE}.items():
        text, file = yaml.safe_dump(said, sort_keys=True).encode(), folder / name
        if not file.is_file() or file.read_bytes() != text:
            lake.write_bytes(file, text)
    os.environ["DAGSTER_HOME"] = str(folder)
    return folder


def instance(lake: Lake) -> dg.DagsterInstance:
    """Open (and on first use create) the instance of a data root, for runs in this process.

    Unlike the UI's runs these keep their stdout and stderr: what they print belongs to the terminal. Processes open it
    by turns, for two that create its tables at once leave them unusable.
    """
    unheard = {"module": NoOpComputeLogManager.__module__, "class": NoOpComputeLogManager.__name__}
    with lake.lock("dagster"):
        found = dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home(lake)), overrides={"compute_logs": unheard}))
        for storage in (found.run_storage, found.event_log_storage, found.schedule_storage):
            assert storage  # opening it creates its tables
        return found
