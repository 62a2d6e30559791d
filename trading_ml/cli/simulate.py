"""`trading-ml simulate`: raw files of markets that do not exist."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from trading_ml.cli import output
from trading_ml.cli.main import app
from trading_ml.cli.root import lake

group = typer.Typer(help="Write raw files of simulated markets.", no_args_is_help=True)
app.add_typer(group, name="simulate")


@group.command("orders")
def orders(
    count: Annotated[int, typer.Option("--orders", help="Orders that the bot places.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal bytes.")] = 7,
    trend: Annotated[float | None, typer.Option(help="USD a second; 0 leaves nothing to be learned.")] = None,
    start: Annotated[str | None, typer.Option(help="First day, which the files' names then tell.")] = None,
    to: Annotated[Path | None, typer.Option(help="Folder; by default the data root's `raw`, by adapter.")] = None,
) -> None:
    """A bot's completed orders with stop and limit, and the prices of every second, as IG's csv files."""
    further = {key: value for key, value in {"trend": trend, "start": start}.items() if value is not None}
    written = bot(to, f".{start}" if start else "", orders=count, seed=seed, **further)
    rows = [
        {"file": str(file.path), "adapter": file.adapter, "rows": file.rows, "bad": file.bad_rows} for file in written
    ]
    paths = " ".join(row["file"] for row in rows)
    output.emit({"files": rows}, output.table(rows, "simulated"), f"Next: trading-ml ingest {paths}")


def bot(folder: Path | None = None, named: str = "", **params: Any) -> list[Any]:
    """Write prices and orders of the simulated bot into a folder, or below the data root, `named` at the end."""
    from trading_ml.adapters.simulated.bot import BotParams
    from trading_ml.adapters.simulated.ig import export

    raw = lake().path("raw")
    return export(
        BotParams.parse(params, "simulate orders"), folder or raw / "ig_prices", folder or raw / "ig_orders", named
    )
