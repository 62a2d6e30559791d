"""A batch of models: its receipt, their training side by side, and the certificate that compares them."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from trading_ml.core import progress
from trading_ml.core.lake import Lake
from trading_ml.core.parallel import Lost, Workers
from trading_ml.models.objectives import Objective
from trading_ml.models.params import ModelParams, TrainingParams
from trading_ml.models.source import Source, Target
from trading_ml.models.tuning.batch import BatchParams, Config, Receipt
from trading_ml.models.tuning.trial import Trial
from trading_ml.registry import trial
from trading_ml.registry.batched import BatchCertificate, Failed
from trading_ml.registry.beside import completed
from trading_ml.registry.certificates import certificate, certified
from trading_ml.registry.chart import chart
from trading_ml.registry.provenance import commit, origin
from trading_ml.registry.register import Order
from trading_ml.registry.runs import Run
from trading_ml.registry.store import Registry
from trading_ml.registry.trial import Trying

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BATCH = "batch"
"""Tag of the run of a batch: its digest."""


@dataclass(frozen=True)
class Done:
    """What a call has come to."""

    certificate: BatchCertificate
    skipped: int
    """Models that had a certificate before."""
    trained: int
    folder: Path
    """Where receipt, certificate, table and charts lie."""


@dataclass(frozen=True)
class Batch:
    """Models that a batch file asks for, on a dataset.

    It can be broken off at any moment: models with a certificate are not trained again, wherever they were trained, and
    one that was broken off goes on.
    """

    lake: Lake
    source: Source
    order: Order
    """What the project file asks for."""
    name: str
    params: BatchParams

    @property
    def receipt(self) -> Receipt:
        """What is to be trained."""
        return self._asked[0]

    @cached_property
    def label(self) -> Target:
        """Whose answers are compared.

        Raises:
            BadParams: when the metric does not say which of several labels, or not one of them.
        """
        known = {label.name: label for label in self.order.labels(self.source)}
        return known[Objective.parse(self.params.metric).judged(known)]

    @property
    def folder(self) -> Path:
        """`batches/<project>/<name>/<first digits of the receipt's digest>` of the data root."""
        return self.lake.path("batches", self.order.project, self.name, self.receipt.digest[:12])

    def write(self) -> Receipt:
        """Write the receipt down."""
        self.lake.write_json(self.folder / "receipt.json", self.receipt.model_dump(mode="json"))
        return self.receipt

    def run(self, parallel: int | None = None, given: Executor | None = None) -> Done:
        """Train what has no certificate yet, and compare all.

        Args:
            parallel: How many at once; as many as the file says when left out.
            given: An executor to train them on.

        Raises:
            Stopped: when somebody asks to stop. BadParams: for what the label, or a family, does not have.
        """
        receipt, _ = self.write(), self.label
        with self.lake.lock("batches", self.order.project, receipt.digest):
            configs = dict(enumerate(self._asked[1]))
            missing = {n: c for n, c in configs.items() if not self._is_certified(receipt.configs[n].model_key)}
            skipped = len(configs) - len(missing)
            if not missing and (self.folder / "certificate.json").is_file():
                before = BatchCertificate.model_validate_json((self.folder / "certificate.json").read_bytes())
                return Done(before, skipped, 0, self.folder)
            told, failed = self._trained(missing, skipped, parallel or self.params.parallel, given)
            return Done(told, skipped, len(missing) - failed, self.folder)

    @cached_property
    def _asked(self) -> tuple[Receipt, list[Config]]:
        order = self.order

        def key_of(model: ModelParams, training: TrainingParams) -> str:
            return completed(self.lake, replace(order, model=model, training=training)).key(self.source)

        return self.params.receipt(self.name, self.source.digest, order.model, order.training, key_of)

    def _is_certified(self, key: str) -> bool:
        return certified(self.lake, self.order.project, key)

    def _trained(
        self, missing: dict[int, Config], skipped: int, parallel: int, given: Executor | None
    ) -> tuple[BatchCertificate, int]:
        """Train below one run of MLflow, which keeps receipt, certificate and charts; and how many failed."""
        registry, receipt = Registry.make(self.lake, self.order.project, self.order.description), self.receipt
        tags = {BATCH: receipt.digest, "dataset": self.source.digest, "git_commit": commit(), **self.order.tags}
        found = registry.client.search_runs([registry.experiment], f"tags.{BATCH} = '{receipt.digest}'", max_results=1)
        before = found[0].info.run_id if found else None
        what = {"batch.name": self.name, "batch.models": receipt.models, "batch.metric": self.params.metric}
        with registry.run(f"batch-{self.name}", tags | origin(receipt.description), what, before) as run:
            run.text(receipt.model_dump_json(indent=1), "receipt.json")
            trying = Trying(run.id, f"batch-{receipt.digest[:12]}", what="batch")
            work, failed = partial(_train, self.lake, self.order, self.source, trying), []
            tasks = {number: (number, config) for number, config in missing.items()}
            self._report(skipped, "")
            with Workers(parallel, given) as workers:
                for done, (number, outcome) in enumerate(workers.run(work, tasks), 1):
                    if isinstance(outcome, Lost) or outcome.state != "complete":
                        why = str(outcome) if isinstance(outcome, Lost) else outcome.reason
                        failed.append(Failed(number=number, reason=why))
                    self._report(skipped + done, receipt.configs[number].group)
            return self._compared(run, failed), len(failed)

    def _compared(self, run: Run, failed: list[Failed]) -> BatchCertificate:
        """Collect all certificates in one file, with a table and a chart beside it, here and in the run."""
        keys = [config.model_key for config in self.receipt.configs]
        found = [certificate(self.lake, self.order.project, key) for key in keys if self._is_certified(key)]
        objective = Objective.parse(self.params.metric)
        told = BatchCertificate.of(self.receipt, objective, self.label, self.source, found, failed)
        drawn = chart(told)
        files = {f"comparison.{form}": _bytes(drawn, form) for form in ("png", "svg")}
        files |= {"certificate.md": told.text.encode(), "certificate.json": told.model_dump_json(indent=1).encode()}
        for name, content in files.items():  # the certificate last: it says that the batch is whole
            self.lake.write_bytes(self.folder / name, content)
            run.artifact(self.folder / name)
        run.metrics({"models": len(told.certificates), "failed": len(failed), "cpu_seconds": told.cpu_seconds})
        return told

    def _report(self, done: int, group: str) -> None:
        note = f"model {done} of {self.receipt.models}" + (f", {group}" if group else "")
        progress.report(f"{self.order.project}: batch {self.name}", done, self.receipt.models, note)


def _train(lake: Lake, order: Order, source: Source, trying: Trying, task: tuple[int, Config]) -> Trial:
    """One model of the batch, in whichever process."""
    number, config = task
    asked = replace(order, model=config.model, training=config.training)
    return trial.run(lake, asked, source, trying, number)


def _bytes(figure: Figure, form: str) -> bytes:
    file = BytesIO()
    figure.savefig(file, format=form, dpi=110)
    return file.getvalue()
