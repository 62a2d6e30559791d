"""`trading-ml ticks` and `trading-ml bars`: look at what the lake holds, export it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import typer

from trading_ml.cli import output
from trading_ml.cli.main import app
from trading_ml.cli.root import lake
from trading_ml.core.errors import BadParams, NoData, Unknown
from trading_ml.core.instruments import Instrument, instrument, pick
from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings
from trading_ml.core.time import date_of, span

if TYPE_CHECKING:
    from trading_ml.bars import BarParams
    from trading_ml.ticks import Ticks

From = Annotated[str | None, typer.Option("--from", help="First date or time, inclusive, in the instrument's zone.")]
To = Annotated[str | None, typer.Option("--to", help="Last date or time, exclusive, in the instrument's zone.")]
Symbol = Annotated[str, typer.Argument(help="SOURCE:SYMBOL, or the symbol where it is unique.")]


@app.command()
def ticks(
    symbol: Symbol,
    start: From = None,
    end: To = None,
    head: Annotated[int, typer.Option(min=1, help="Show at most so many.")] = 20,
    kind: Annotated[str, typer.Option(help="trades, quotes, orders, or bars that files tell: bars_1m.")] = "trades",
    at: Annotated[int | None, typer.Option(help="One tick by its position, with its raw line.")] = None,
    search: Annotated[str | None, typer.Option(help="Trades whose conditions match this regular expression.")] = None,
) -> None:
    """Show the ticks of an instrument, with the upload and row each came from."""
    from trading_ml.ticks import Ticks

    opened = Ticks.open(symbol, kind=kind, data=lake().root)
    value: dict[str, Any] = {"symbol": opened.instrument.name, "kind": kind}
    if at is not None:
        packet = opened.packet(at)
        output.emit(packet, output.table([{"field": name, "value": str(cell)} for name, cell in packet.items()]))
        return
    if search is not None:
        found = opened.search(search)
        shown = _chosen(opened, found.positions[:head].tolist())
        count = f"{found.count:,} of {len(opened):,} match {search}"
        output.emit(value | {"count": found.count, "ticks": shown.to_dicts()}, output.frame(shown), count)
        return
    low, high = map(opened.index_at, span(start, end, opened.instrument.zone))
    if low == high:
        reach = f"they reach from {opened.dates[0]} to {opened.dates[-1]}"
        raise NoData(f"{opened.instrument.name}, {start} to {end}", f"has no {kind} in this range", reach)
    shown = _chosen(opened, range(low, min(high, low + head)))
    count = f"{high - low:,} {kind} of {opened.instrument.name} in range"
    output.emit(value | {"rows": high - low, "ticks": shown.to_dicts()}, output.frame(shown), count)


def _chosen(opened: Ticks, positions: Iterable[int]) -> pl.DataFrame:
    """Some ticks with their positions, which `--at` takes."""
    rows = [opened[at : at + 1].insert_column(0, pl.Series("position", [at])) for at in positions]
    return pl.concat(rows, how="diagonal") if rows else pl.DataFrame()


@app.command()
def bars(
    symbol: Symbol,
    every: Annotated[str | None, typer.Option(help="Length of a bar: 1s, 1m (the default), 4h, 1d …")] = None,
    count: Annotated[int | None, typer.Option("--ticks", help="Instead of a length: so many ticks a bar.")] = None,
    volume: Annotated[float | None, typer.Option(help="Instead: so much traded a bar.")] = None,
    dollar: Annotated[float | None, typer.Option(help="Instead: price · size of so much a bar.")] = None,
    kind: Annotated[str, typer.Option(help="trades, or quotes at their mid.")] = "trades",
    source: Annotated[str, typer.Option(help="ticks, or files: bars that files tell.")] = "ticks",
    fill: Annotated[bool, typer.Option("--fill", help="A bar for empty intervals too.")] = False,
    session: Annotated[str | None, typer.Option(help="regular: only the exchange's hours.")] = None,
    statistics: Annotated[str | None, typer.Option(help="Further columns, comma-separated.")] = None,
    adjusted: Annotated[bool, typer.Option("--adjusted", help="On today's footing across splits.")] = False,
    start: From = None,
    end: To = None,
    target: Annotated[Path | None, typer.Option("--output", help="Write to this file: .csv or .parquet.")] = None,
) -> None:
    """Build the bars of an instrument, and show or export them."""
    if target is not None and target.suffix not in (".csv", ".parquet"):
        raise BadParams(target, "is neither .csv nor .parquet", "end --output in one of them")
    rule = {"every": every, "ticks": count, "volume": volume, "dollar": dollar}
    if all(given is None for given in rule.values()):
        rule["every"] = "1m"
    columns = tuple(word.strip() for word in statistics.split(",")) if statistics else ()
    params = _asked(**rule, kind=kind, source=source, fill=fill, session=session, statistics=columns)
    with output.bars():
        name, made = bars_of(lake(), symbol, params, start, end, adjusted)
    if made.is_empty():
        raise NoData(f"{name}, {start} to {end}", "has no bars in this range")
    if target is not None:
        made.write_csv(target) if target.suffix == ".csv" else made.write_parquet(target)
    value = {"symbol": name, "every": params.every, "bar": params.rule, "rows": made.height}
    shown = {"output": str(target)} if target else {"output": None, "bars": made.to_dicts()}
    output.emit(value | shown, output.frame(made.head(20)), f"{made.height:,} bars of {params.rule}, {name}")


def _asked(**given: Any) -> BarParams:
    """The bars that options ask for; what is wrong names the option."""
    from trading_ml.bars import BarParams

    try:
        return BarParams.parse({name: value for name, value in given.items() if value is not None}, "")
    except BadParams as error:
        option = f"--{error.culprit.partition('.')[0]}" if error.culprit else "trading-ml bars"
        raise BadParams(option, error.problem, error.fix) from None


def bars_of(
    store: Lake,
    symbol: str,
    params: BarParams,
    start: str | None = None,
    end: str | None = None,
    adjusted: bool = False,
) -> tuple[str, pl.DataFrame]:
    """Full name of the instrument and its bars in a range, built where they are not there yet."""
    from trading_ml.bars import build_span, load

    traded = instrument(_named(store, symbol, params), Settings().instruments)
    low, high = span(start, end, traded.zone)
    _merge_anew(store, traded)
    build_span(store, traded, params, date_of(low, traded.zone), date_of(high - 1, traded.zone) + timedelta(1))
    return traded.name, load(store, traded, params, low, high, adjusted)


def _merge_anew(store: Lake, traded: Instrument) -> None:
    """Merge what uploads hold of an instrument and its ticks are not: after other rules, or a stopped ingest."""
    from trading_ml.ticks import merge

    if stale := merge.stale(store, traded.name):
        for cell in stale.keys() & merge.shares(store, traded.name).keys():
            merge.build(store, traded, cell.date, cell.kind)


def _named(store: Lake, symbol: str, params: BarParams) -> str:
    """Full name of an instrument of which there is what the bars are made from."""
    from trading_ml.bars import sources

    try:
        return pick(symbol, sources(store, params).instruments())
    except Unknown:
        if params.source == "ticks" and params.every:
            told = sources(store, params.model_copy(update={"source": "files"})).instruments()
            if symbol in (*told, *(name.partition(":")[2] for name in told)):
                fix = "ask for these (source: files, or bars --source files)"
                raise NoData(symbol, f"has no {params.kind}, only bars that files tell", fix) from None
        raise
