"""Certificates of a data root: one for each trained model, beside it in MLflow and by its key below the root."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from trading_ml.core.errors import NoData
from trading_ml.core.lake import Lake
from trading_ml.models.certificate import Calibration, Certificate, Cost, Summary, Threshold, discovered
from trading_ml.models.page import page
from trading_ml.models.source import Source, part
from trading_ml.models.train import Trained, environment
from trading_ml.registry.runs import Run
from trading_ml.registry.validation import PART, Validation

if TYPE_CHECKING:
    from trading_ml.registry.register import Order

_ROOM = "certificates"
ARTIFACTS = "certificate"
"""Folder of a run's certificate among its artifacts."""


class Clock:
    """What a training takes, from when this is made."""

    def __init__(self) -> None:
        self._begun, self._wall, self._cpu = datetime.now(UTC), time.perf_counter(), time.process_time()

    @property
    def seconds(self) -> float:
        """Wall-clock time until now."""
        return time.perf_counter() - self._wall

    def cost(self, threads: int) -> Cost:
        """Until now."""
        cpu, now = time.process_time() - self._cpu, datetime.now(UTC)
        return Cost(begun=self._begun, ended=now, wall_seconds=self.seconds, cpu_seconds=cpu, threads=threads)


def certify(
    lake: Lake, run: Run, source: Source, order: Order, trained: Trained, shown: Validation, cost: Cost
) -> Certificate:
    """Write the certificate of a model that has just been trained: JSON and page, below the root and in its run."""
    starts = source.label_intervals(part(source, PART))[0]
    said = [(label, shown.happened[label.name], shown.said[label.name]) for label in shown.labels]
    found = {label.name: discovered(came, told, starts, label) for label, came, told in said}
    made = Certificate(
        model_key=order.key(source), project=order.project, description=order.description, run=run.id,
        family=order.params()["model.family"], model=order.model.model_dump(mode="json"),
        training=order.training.model_dump(mode="json"), dataset=Summary.of(source, shown.labels),
        weights=trained.weights_digest, values=sum(each.size for each in trained.model.get_weights()),
        best_epoch=trained.best_epoch, history=trained.history, validation=shown.metrics(),
        discovery={name: each for name, each in found.items() if each},
        calibration={label.name: Calibration.of(came, told, label) for label, came, told in said},
        thresholds={
            label.name: Threshold.of(came, told, order.threshold)
            for label, came, told in said if label.kind == "binary"
        },
        environment=environment(order.model, order.training), cost=cost,
    )  # fmt: skip
    json, html = made.model_dump_json(indent=1), page(made)
    run.text(json, f"{ARTIFACTS}/certificate.json")
    run.text(html, f"{ARTIFACTS}/certificate.html")
    lake.write_bytes(_file(lake, order.project, made.model_key, "html"), html.encode())
    lake.write_bytes(_file(lake, order.project, made.model_key), json.encode())  # last: it says that all is there
    return made


def certified(lake: Lake, project: str, key: str) -> bool:
    """Whether the model with this key has a certificate."""
    return _file(lake, project, key).is_file()


def certificate(lake: Lake, project: str, key: str) -> Certificate:
    """The certificate of the model with this key.

    Raises:
        NoData: when it has none.
    """
    try:
        return Certificate.model_validate_json(_file(lake, project, key).read_bytes())
    except FileNotFoundError:
        raise NoData(f"model {key[:12]} of {project}", "has no certificate", "train it again") from None


def _file(lake: Lake, project: str, key: str, form: str = "json") -> Path:
    return lake.path(_ROOM, project, f"{key}.{form}")
