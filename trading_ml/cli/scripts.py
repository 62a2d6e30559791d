"""`trading-ml feature check` and `label check`: prove a script, built in or anybody's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from trading_ml.cli import output
from trading_ml.cli.main import app
from trading_ml.cli.root import lake
from trading_ml.core.errors import BadParams, Refused

if TYPE_CHECKING:
    from trading_ml.core.script import Kind

Use = Annotated[str, typer.Argument(help="Built-in name, or package.module:function.")]
Param = Annotated[list[str] | None, typer.Option("--param", help="A script parameter, KEY=VALUE; may be repeated.")]
On = Annotated[str | None, typer.Option("--symbol", help="Judge on this instrument's bars too, beside simulated ones.")]
Every = Annotated[str, typer.Option(help="Length of the symbol's bars.")]

features = typer.Typer(help="Feature scripts.", no_args_is_help=True)
labels = typer.Typer(help="Label scripts.", no_args_is_help=True)
app.add_typer(features, name="feature")
app.add_typer(labels, name="label")


@features.command("check")
def check_feature(use: Use, param: Param = None, symbol: On = None, every: Every = "1m") -> None:
    """Prove a feature: no look-ahead, measured warm-up, partition invariance."""
    from trading_ml.features import check

    _report(check(use, _parameters(param), _bars("feature", use, symbol, every)))


@labels.command("check")
def check_label(use: Use, param: Param = None, symbol: On = None, every: Every = "1m") -> None:
    """Prove a label: it reaches no further than its label_end, and never guesses."""
    from trading_ml.labels import check

    _report(check(use, _parameters(param), _bars("label", use, symbol, every)))


def _report(found: dict[str, Any]) -> None:
    rows = [{"what": key, "found": str(value)} for key, value in found.items()]
    output.emit(found, output.table(rows, f"{found['script']}: {'passed' if found['passed'] else 'refused'}"))
    if not found["passed"]:
        for reason in found["reasons"]:
            output.say(f"error: {reason}")
        raise typer.Exit(Refused.exit_code)


def _parameters(words: list[str] | None) -> dict[str, Any]:
    """KEY=VALUE words, the values read as YAML does: 5 is a number, up a word, [1, 2] a list."""
    import yaml

    for word in words or []:
        if "=" not in word:
            raise BadParams(f"--param {word}", "is not KEY=VALUE", "write for example --param period=14")
    return {key: yaml.safe_load(value) for key, _, value in (word.partition("=") for word in words or [])}


def _bars(kind: Kind, use: str, symbol: str | None, every: str) -> Any:
    """The symbol's bars over all dates, with those that the script needs, built where they are not; None for none."""
    if symbol is None:
        return None
    from trading_ml.bars import BarParams
    from trading_ml.bars.beside import params_of
    from trading_ml.cli.tables import bars_of
    from trading_ml.core.joined import joined
    from trading_ml.core.script import load

    own, store = BarParams.parse({"every": every}, "bars"), lake()
    with output.bars():
        name, bars = bars_of(store, symbol, own)
        for called, wanted in load(use, kind).needs.items():
            params = params_of(own, wanted, f"{use}, @needs({called}=…)")
            bars = joined(bars, bars_of(store, wanted.instrument or name, params)[1], called, wanted)
        return bars
