"""Promotion: which of a project's datasets training reads. Builds come and go; only a promotion moves this."""

from __future__ import annotations

from trading_ml.core.errors import BadParams, NoData, Refused
from trading_ml.core.lake import Lake
from trading_ml.datasets.audit import Audit, audit
from trading_ml.datasets.dataset import Dataset
from trading_ml.datasets.events import Event, digests, promoted, promotion, record, resolve

AUTOMATIC = "its audit passed (promotion: automatic)"


def promote(
    lake: Lake, project: str, digest: str | None = None, why: str = "", by: str | None = None, force: bool = False
) -> Event:
    """Let training read a dataset from now on; a training that runs keeps the one it began with.

    Args:
        lake: The data root.
        project: Whose dataset.
        digest: Its digest or the beginning of it; the dataset that was built last if left out.
        why: For the record; demanded of a promotion by force.
        by: Who promotes; the user whose process this is if left out.
        force: Promote although the audit does not pass.

    Returns:
        The promotion that holds: an earlier one where this dataset is promoted already.

    Raises:
        Unknown: when there is no such dataset. BadParams: when force is used without saying why.
        Refused: when its audit does not pass, or its parts overlap, which no force mends.
    """
    if force and not why.strip():
        raise BadParams("--force", "overrides the audit without a reason", "say why with --reason")
    whole = resolve(lake, project, digest) if digest else digests(lake, project)[-1]
    holds = promotion(lake, project)
    if holds and holds.digest == whole:
        return holds
    dataset = Dataset.open(lake, project, whole)
    if any(fold["overlaps"] for fold in dataset.manifest["folds"]):
        raise Refused(f"dataset {whole[:12]} of {project}", "has overlapping label intervals between its parts")
    refusals = [finding.sentence for finding in audited(dataset).of_severity("refuse")]
    if refusals and not force:
        fix = "mend it, or promote it all the same with --force --reason WHY"
        raise Refused(f"dataset {whole[:12]} of {project}", f"its audit says no: {' | '.join(refusals)}", fix)
    return record(lake, project, "promoted", whole, why.strip(), by, forced=bool(refusals))


def audited(dataset: Dataset) -> Audit:
    """The stored audit of a dataset; where there is none, one with the bounds by default, kept from now on."""
    try:
        return Audit.of(dataset)
    except NoData:
        told = audit(dataset)
        told.keep(dataset)
        return told


__all__ = ["AUTOMATIC", "audited", "promote", "promoted"]
