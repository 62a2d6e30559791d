"""`trading-ml ingest`: raw files become uploads and ticks, every row accounted for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from trading_ml.cli import output
from trading_ml.cli.main import app
from trading_ml.cli.root import lake, runs
from trading_ml.core.lake import Lake


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Raw files.")],
    adapter: Annotated[str | None, typer.Option(help="Raw format; guessed from the content when left out.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Symbol, for files that do not say it.")] = None,
) -> None:
    """Read raw files into ticks; rows that are no ticks go to the quarantine with a reason."""
    uploads = files(paths, adapter, symbol)
    output.emit({"uploads": uploads}, output.table([_row(upload) for upload in uploads], "uploads"))


def files(paths: list[Path], adapter: str | None, symbol: str | None) -> list[dict[str, Any]]:
    """Announce, read and merge raw files; returns each upload's account.

    All files are checked before the first is read, so a bad one leaves the data root as it was.
    """
    from trading_ml.ticks import account, records, uploads

    store = lake()
    with output.bars():
        checked = uploads.check_all(paths, adapter, symbol)
        for upload in checked:
            uploads.record(store, upload)
        active, wanted = runs(store), {upload.id for upload in checked}
        held = set(records.instruments(store, wanted))
        found = (status.upload.id for status in uploads.ledger(store) if status.state == "announced")
        active.ingest(*(upload for upload in found if upload in wanted))
        held.update(records.instruments(store, wanted))
        refresh(store, held)
    return [account.summary(store, upload.id) for upload in checked]


def refresh(store: Lake, names: Iterable[str] | None = None) -> None:
    """Merge the ticks of all dates (of some instruments) that are not what the uploads say."""
    from trading_ml.ticks import merge

    touched: dict[str, set[date]] = defaultdict(set)
    for name in [None] if names is None else sorted(names):
        for cell in merge.stale(store, name):
            touched[cell.instrument].add(cell.date)
    if touched:
        runs(store).merge(touched)  # loaded now: its dates begin with the earliest that was read, be it by others


def _row(upload: dict[str, Any]) -> dict[str, Any]:
    shown = ("symbol", "adapter", "rows", "kept", "quarantined", "duplicates", "excluded", "reasons", "dates")
    return {"file": Path(upload["path"]).name} | {key: upload[key] for key in shown}
