"""`trading-ml project batch`: many models of a project, from a file of parameters to one certificate of all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trading_ml.cli import output
from trading_ml.cli.projects import Name, group, tables
from trading_ml.cli.root import lake
from trading_ml.core.document import Document
from trading_ml.core.errors import BadProject, NoData, TradingError, Unknown
from trading_ml.core.settings import Settings
from trading_ml.project import Project, find

if TYPE_CHECKING:
    from trading_ml.core.lake import Lake
    from trading_ml.models.tuning.batch import BatchParams, Receipt
    from trading_ml.registry.batch import Batch, Done

_FOLDER = "batches"
_EXAMPLE = "projects/batches/price_regressions.yaml"


@group.command()
def batch(
    name: Name,
    which: Annotated[
        str | None,
        typer.Argument(metavar="[BATCH]", help="Name of a batch (projects/batches/BATCH.yaml), or a batch file."),
    ] = None,
    parallel: Annotated[int | None, typer.Option(min=1, help="How many are trained at once.")] = None,
    receipt_only: Annotated[bool, typer.Option("--receipt-only", help="Say what would be trained.")] = False,
) -> None:
    """Train many models side by side and compare their certificates; those that have one are not trained again."""
    from trading_ml.defs.orders import order
    from trading_ml.registry.batch import Batch

    project = find(name, Settings().projects)
    path = _file(project, which, Settings().projects / _FOLDER)
    params, store = _read(project, path), lake()
    with output.bars():
        asked = Batch(store, _dataset(store, project), order(project), path.stem, params)
        if not receipt_only:
            _show(asked, asked.run(parallel))
            return
        receipt = asked.write()
    value = receipt.model_dump(mode="json") | {"receipt": str(asked.folder / "receipt.json")}
    output.emit(value, output.table(_configs(receipt)), f"{_sentence(receipt)}: {value['receipt']}")


def _file(project: Project, which: str | None, folder: Path) -> Path:
    """The batch file: the named one, or the only one of the project."""
    known = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    if which is not None:
        path = known.get(which, Path(which))
        if not (path.suffix == ".yaml" and path.is_file()):
            raise Unknown.of("batch", which, known)
        return path
    own = [path for path in known.values() if Document.read(path, _EXAMPLE).raw.get("project") == project.name]
    if len(own) != 1:
        problem = f"has the batches {', '.join(path.stem for path in own)}" if own else "has no batch"
        raise BadProject(project.name, problem, "name one" if own else f"write {_FOLDER}/{project.name}.yaml")
    return own[0]


def _read(project: Project, path: Path) -> BatchParams:
    from trading_ml.models.tuning.batch import BatchParams

    document = Document.read(path, _EXAMPLE)
    try:
        params = BatchParams.parse(document.raw, "")
        if params.project != project.name:
            raise BadProject("project", f"is '{params.project}', not {project.name}", "name another batch")
        _ = list(params.configs(project.model, project.training))
    except TradingError as caught:
        raise document.blamed(caught) from None
    return params


def _dataset(store: Lake, project: Project) -> Any:
    """The promoted dataset; where there is none, it is built."""
    from trading_ml.datasets import Dataset

    try:
        return Dataset.open(store, project.name)
    except NoData:
        active, chosen = tables(store, project, [], None, None)
        return Dataset.open(store, project.name, active.dataset(project, chosen, None, None))


def _show(asked: Batch, done: Done) -> None:
    told = done.certificate
    files = {name: str(done.folder / name) for name in ("receipt.json", "certificate.json", "comparison.png")}
    value = {
        "project": told.receipt.project, "batch": told.receipt.batch, "dataset": told.receipt.dataset,
        "digest": told.receipt.digest, "models": told.receipt.models, "groups": told.receipt.groups,
        "skipped": done.skipped, "trained": done.trained, "failed": [each.model_dump() for each in told.failed],
        "metric": told.metric, "rows": told.rows, "baselines": told.beside,
        "coin": told.coin and told.coin.model_dump(exclude={"errors"}), "seconds": told.wall_seconds,
        "cpu_seconds": told.cpu_seconds, "files": files,
    }  # fmt: skip
    went = f"{done.trained} trained, {done.skipped} certified before, {len(told.failed)} failed"
    title = f"{_sentence(told.receipt)}: {went}; by {told.metric} on the validation part"
    best = output.table(told.rows, title), output.table(told.beside, "beside them")
    output.emit(value, *best, *told.sentences, files["certificate.json"])


def _configs(receipt: Receipt) -> list[dict[str, Any]]:
    return [
        {"": each.number, "group": each.group, "chosen": receipt.chosen(each), "model": each.model_key[:8]}
        for each in receipt.configs
    ]


def _sentence(receipt: Receipt) -> str:
    counts = ", ".join(f"{group} {count}" for group, count in receipt.groups.items())
    return f"batch {receipt.batch} of {receipt.project}: {receipt.models} models ({counts})"
