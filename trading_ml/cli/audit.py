"""`trading-ml dataset audit`: judge a dataset by the bounds of its project file."""

from __future__ import annotations

from typing import Annotated

import typer

from trading_ml.cli import output
from trading_ml.cli.datasets import Digest, Name, group
from trading_ml.cli.root import lake
from trading_ml.core.errors import Refused
from trading_ml.core.settings import Settings


@group.command("audit")
def judge(name: Name, digest: Annotated[str | None, Digest] = None) -> None:
    """Say what speaks against learning from a dataset, the last one built by default; keeps it as a page beside it."""
    from trading_ml.datasets import Dataset
    from trading_ml.datasets.audit import audit
    from trading_ml.datasets.events import digests, resolve
    from trading_ml.project import find

    bounds, store = find(name, Settings().projects).audit, lake()
    dataset = Dataset.open(store, name, resolve(store, name, digest) if digest else digests(store, name)[-1])
    with output.bars():
        told = audit(dataset, bounds)
        told.keep(dataset)
    head = f"{name}, dataset {told.dataset[:12]}: " + ("passed" if told.passed else "refused")
    rows = [{"": each.severity, "check": each.check, "finding": each.sentence} for each in told.findings]
    output.emit(told.content, head, *([output.table(rows)] if rows else []), f"page: {told.page_of(dataset)}")
    if not told.passed:
        raise typer.Exit(Refused.exit_code)
