"""`trading-ml feature` and `trading-ml label`: the catalogue of scripts, new ones, and their proofs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trading_ml.cli import output
from trading_ml.cli.main import app
from trading_ml.cli.root import lake
from trading_ml.core.errors import BadParams, Refused
from trading_ml.core.settings import Settings

if TYPE_CHECKING:
    from trading_ml.core.script import Kind

Use = Annotated[str, typer.Argument(help="Built-in name, package.module:function, or saved:NAME.")]
Name = Annotated[str, typer.Argument(help="Name of the script, which is its function's and its file's.")]
Folder = Annotated[Path | None, typer.Option(help="Write it there, as a script of one's own.")]
AsPage = Annotated[bool, typer.Option("--page", help="The built-in ones as a page of the documentation.")]
Param = Annotated[list[str] | None, typer.Option("--param", help="A script parameter, KEY=VALUE; may be repeated.")]
On = Annotated[str | None, typer.Option("--symbol", help="Judge on this instrument's bars too, beside simulated ones.")]
Every = Annotated[str, typer.Option(help="Length of the symbol's bars.")]

features = typer.Typer(help="Feature scripts.", no_args_is_help=True)
labels = typer.Typer(help="Label scripts.", no_args_is_help=True)
app.add_typer(features, name="feature")
app.add_typer(labels, name="label")


@features.command("check")
def check_feature(use: Use, param: Param = None, symbol: On = None, every: Every = "1m") -> None:
    """Prove a feature: no look-ahead, measured warm-up, partition invariance, the same in another process."""
    from trading_ml.features import check

    _report(check(use, given := _parameters(param), _bars("feature", use, given, symbol, every)))


@labels.command("check")
def check_label(use: Use, param: Param = None, symbol: On = None, every: Every = "1m") -> None:
    """Prove a label: it reaches no further than its label_end, and never guesses."""
    from trading_ml.labels import check

    _report(check(use, given := _parameters(param), _bars("label", use, given, symbol, every)))


@features.command("list")
def list_features(as_page: AsPage = False) -> None:
    """Features: built-in ones, saved ones, and those of one's own that projects use."""
    _list("feature", as_page)


@labels.command("list")
def list_labels(as_page: AsPage = False) -> None:
    """Labels: built-in ones, and those of one's own that projects use."""
    _list("label", as_page)


@features.command("show")
def show_feature(use: Use, param: Param = None) -> None:
    """A feature's documentation, the form of its parameters, its columns, its proofs, and who uses it."""
    _show(use, "feature", param)


@labels.command("show")
def show_label(use: Use, param: Param = None) -> None:
    """A label's documentation, the form of its parameters, its columns, its proofs, and who uses it."""
    _show(use, "label", param)


@features.command("new")
def new_feature(name: Name, folder: Folder = None) -> None:
    """Write a feature that is green at once: in a checkout its file, test, line and page; elsewhere file and test."""
    _new(name, "feature", folder)


@labels.command("new")
def new_label(name: Name, folder: Folder = None) -> None:
    """Write a label that is green at once: in a checkout its file, test, line and page; elsewhere file and test."""
    _new(name, "label", folder)


def _list(kind: Kind, as_page: bool) -> None:
    from trading_ml.core import catalogue, page
    from trading_ml.project import uses

    if as_page:
        print(page.page(kind), end="")
        return
    rows = catalogue.listed(kind, uses(Settings().projects, kind))
    shown = [{key: row[key] for key in ("name", "summary", "parameters", "outputs", "projects")} for row in rows]
    output.emit({f"{kind}s": rows}, output.table(shown))


def _show(use: str, kind: Kind, param: list[str] | None) -> None:
    from rich.markup import escape

    from trading_ml.core import catalogue
    from trading_ml.project import uses

    bound = catalogue.found(use, kind, _parameters(param))
    value: dict[str, Any] = catalogue.described(bound, lake()) | {
        "projects": uses(Settings().projects, kind).get(use, [])
    }
    proofs = [
        {"parameters": proof["params"], "passed": proof["passed"], "warm-up": proof["warm_up"],
         "of this source": proof["current"], "why not": "; ".join(proof["reasons"])} for proof in value["proofs"]
    ]  # fmt: skip
    facts = [{"what": key, "found": value[key]} for key in ("parameters", "outputs", "projects", "source")]
    output.emit(value, escape(value["docstring"]), output.table(facts), output.table(proofs, "proofs"))


def _new(name: str, kind: Kind, folder: Path | None) -> None:
    from trading_ml.core.template import new

    written = new(name, kind, folder)
    files = [str(path) for path in written.files]
    lines = f"{', '.join(files)} written. In a project:  {name}: {{use: {written.use}}}"
    output.emit({"use": written.use, "files": files}, lines)


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


def _bars(kind: Kind, use: str, params: dict[str, Any], symbol: str | None, every: str) -> Any:
    """The symbol's bars over all dates, with those that the script needs, built where they are not; None for none."""
    if symbol is None:
        return None
    from trading_ml.bars import BarParams
    from trading_ml.bars.beside import params_of
    from trading_ml.cli.tables import bars_of
    from trading_ml.core.catalogue import found
    from trading_ml.core.joined import joined

    own, store = BarParams.parse({"every": every}, "bars"), lake()
    with output.bars():
        name, bars = bars_of(store, symbol, own)
        for called, wanted in found(use, kind, params).needs.items():
            other = params_of(own, wanted, f"{use}, @needs({called}=…)")
            bars = joined(bars, bars_of(store, wanted.instrument or name, other)[1], called, wanted)
        return bars
