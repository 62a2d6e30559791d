"""The certificate of a batch: its models side by side, beside a coin and beside who needs no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from trading_ml.core.params import Params
from trading_ml.models import baselines
from trading_ml.models.certificate import Certificate, Numbers, discovered
from trading_ml.models.evaluate import evaluate
from trading_ml.models.objectives import Objective
from trading_ml.models.predict import happened
from trading_ml.models.source import Source, Target, part
from trading_ml.models.tuning.batch import Listing, Receipt
from trading_ml.registry.bootstrap import block_length
from trading_ml.registry.luck import Coin, coin
from trading_ml.registry.result import markdown
from trading_ml.registry.validation import PART

_SHOWN = ("rmse", "mae", "roc_auc", "log_loss", "accuracy", "correlation")


class Known(Params):
    """What somebody who needs no network comes to on the validation part."""

    metrics: Numbers
    direction: float | None
    """Direction accuracy; None where no direction is said, as by who says that nothing changes."""


class Failed(Params):
    """A configuration that came to no model."""

    number: int
    reason: str


class BatchCertificate(Params):
    """Certificates of a batch, the best first."""

    receipt: Receipt
    metric: str
    """What they are sorted by, on the validation part."""
    label: str
    """Whose metrics and directions are compared."""
    prefix: str
    """What stands before a metric of it in a certificate."""
    baselines: dict[str, Known]
    coin: Coin | None
    """What luck alone would come to; None where the label has no direction."""
    wall_seconds: float
    """Sum over the models."""
    cpu_seconds: float
    failed: tuple[Failed, ...]
    certificates: tuple[Certificate, ...]

    @classmethod
    def of(
        cls, receipt: Receipt, objective: Objective, label: Target, source: Source, found: Sequence[Certificate],
        failed: Sequence[Failed],
    ) -> BatchCertificate:  # fmt: skip
        """Compare what a batch has come to.

        Args:
            receipt: Of the batch.
            objective: What is compared.
            label: Whose.
            source: The dataset.
            found: Certificates, in any order.
            failed: What came to no model.
        """
        several = {name for each in found for name in each.calibration}
        prefix = f"{PART}_{label.name}_" if len(several) > 1 else f"{PART}_"
        sign = 1 if objective.direction == "minimize" else -1
        worth = lambda each: sign * each.validation.get(prefix + objective.metric, sign * np.inf)
        ordered = sorted(found, key=lambda each: (worth(each), each.model_key))
        courses = [each.discovery[label.name].outcomes for each in ordered if label.name in each.discovery]
        return cls(
            receipt=receipt, metric=objective.metric, label=label.name, prefix=prefix, failed=tuple(failed),
            baselines=_known(source, label), coin=_coin(source, courses), certificates=tuple(ordered),
            wall_seconds=sum(each.cost.wall_seconds for each in ordered),
            cpu_seconds=sum(each.cost.cpu_seconds for each in ordered),
        )  # fmt: skip

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A line for each model, the best first."""
        listed = {config.model_key: config for config in self.receipt.configs}
        errors = iter(self.coin.errors if self.coin else ())
        return [
            self._row(place, each, listed[each.model_key], errors) for place, each in enumerate(self.certificates, 1)
        ]

    @property
    def beside(self) -> list[dict[str, Any]]:
        """A line for each of those that need no network."""
        return [
            {"": name, **_picked(each.metrics, self.metric, ""), "direction": each.direction or "none"}
            for name, each in self.baselines.items()
        ]

    @property
    def sentences(self) -> list[str]:
        """What the directions come to, for people."""
        if self.coin is None:
            return []
        told = self.coin
        anew, persistent = (f"{low:.4f} … {high:.4f}" for low, high in (told.binomial, told.persistent))
        mean = float(np.mean([each.discovery[self.label].accuracy or 0.5 for each in self.certificates]))
        return [
            f"direction of {told.models} models on {told.samples:,} samples: mean {mean:.4f}, best {told.best:.4f}",
            f"a coin thrown anew for each sample: {anew} in 95 % of cases; {told.above_binomial} models lie above, but "
            "samples overlap, and models say the same for long",
            f"a coin as persistent as the models: {persistent} (the median of theirs, blocks of {told.block} samples); "
            f"{told.above} models lie above their own interval, {told.below} below, where luck alone puts "
            f"{told.expected:.1f} on either side, on average: they err together, so it may be none or many",
            f"of {told.models} that know nothing the best stands out as much in {told.best_by_luck:.0%} of cases",
        ]

    @property
    def text(self) -> str:
        """As a page of Markdown."""
        receipt = self.receipt
        head = f"# Batch {receipt.batch} of {receipt.project}\n\n{receipt.description}\n\n"
        made = (
            f"{len(self.certificates)} models on dataset {receipt.dataset[:12]}, {self.cpu_seconds:.0f} CPU-seconds; "
        )
        counts = ", ".join(f"{name} {count}" for name, count in receipt.groups.items())
        bad = "".join(f"- configuration {each.number} came to no model: {each.reason}\n" for each in self.failed)
        told = "".join(f"- {sentence}\n" for sentence in self.sentences)
        return f"{head}{made}{counts}.\n\n{told}{bad}\n{markdown(self.beside)}\n\n{markdown(self.rows)}\n"

    def _row(self, place: int, each: Certificate, listed: Listing, errors: Iterator[float]) -> dict[str, Any]:
        shown = _picked(each.validation, self.metric, self.prefix)
        found = each.discovery.get(self.label)
        direction = {"direction": found.accuracy or 0.5, "±": next(errors)} if found else {}
        return {
            "": place, "group": listed.group, "number": listed.number, **shown, **direction,
            "epochs": len(each.history), "CPU s": each.cost.cpu_seconds, "chosen": self.receipt.chosen(listed),
            "model": each.model_key[:8],
        }  # fmt: skip


def _picked(metrics: Numbers, first: str, prefix: str) -> Numbers:
    """Some metrics by their bare names, one of them first."""
    names = dict.fromkeys((first, *_SHOWN))
    return {name: metrics[prefix + name] for name in names if prefix + name in metrics}


def _known(source: Source, label: Target) -> dict[str, Known]:
    """Baselines, fitted on the training part and asked about the validation part."""
    rows = part(source, PART)
    came, starts = happened(source, rows, label), source.label_intervals(rows)[0]
    told = {}
    for name in baselines.BASELINES:
        if baselines.fits(name, label.kind):
            said = baselines.fit(name, source, label)(rows)
            found = discovered(came, said, starts, label)
            told[name] = Known(metrics=evaluate(came, said, label.kind), direction=found and found.accuracy)
    return told


def _coin(source: Source, outcomes: Sequence[Sequence[int]]) -> Coin | None:
    if not outcomes:
        return None
    starts, ends = source.label_intervals(part(source, PART))
    order = np.argsort(starts, kind="stable")
    return coin(np.array(outcomes, np.int8), block_length(starts[order], ends[order]))
