"""The `trading-ml` command: options that hold everywhere, one-line errors, exit codes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from trading_ml.cli import output
from trading_ml.core.errors import TradingError

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it: 128 and the signal's number."""

app = typer.Typer(
    name="trading-ml",
    help="From raw market ticks to a registered model you can trust.",
    epilog="--data DIR, --json and --debug may stand anywhere. Exit codes: 0 done, 1 a check or the gate said no, "
    "2 bad input.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def everywhere(
    data: Annotated[
        Path | None, typer.Option(help="Root folder of everything the product writes [env TRADING_ML_DATA: data].")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout; progress on stderr.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and Dagster's log.")] = False,
) -> None:
    """Options that hold for every command."""
    if data is not None:
        os.environ["TRADING_ML_DATA"] = str(data)
    output.style.update(json=as_json, debug=debug)


def main() -> None:
    """Run the command line; a known error is one line on stderr and its exit code."""
    from trading_ml.cli import commands  # noqa: F401  the commands register themselves

    try:
        code = app(_hoisted(sys.argv[1:]), standalone_mode=False)
        if code == INTERRUPTED:  # what Typer makes of Ctrl-C
            raise KeyboardInterrupt
    except TradingError as error:
        code = _fail(error, error.exit_code)
    except typer.TyperException as error:  # a usage error: bad option, missing argument
        code = _fail(error, 2)
    except (KeyboardInterrupt, typer.Abort):
        code = _fail("interrupted: what is finished stays; the same command goes on from there", INTERRUPTED)
    except Exception as error:
        if output.style["debug"]:
            raise
        code = _fail(f"unexpected {type(error).__name__}: {error}; this is a bug, --debug shows where", 3)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(error: object, code: int) -> int:
    if output.style["debug"]:
        import traceback

        traceback.print_exc()
    message = error.format_message() if hasattr(error, "format_message") else str(error)  # pyright: ignore
    print("error: " + " ".join(message.split()), file=sys.stderr)
    if output.style["json"]:
        print(json.dumps({"error": message, "exit_code": code}))
    return code


def _hoisted(words: list[str]) -> list[str]:
    """Move the options that hold everywhere before the command, wherever they were typed."""
    front: list[str] = []
    rest: list[str] = []
    queue = iter(words)
    for word in queue:
        if word == "--":
            rest += [word, *queue]
        elif word in ("--json", "--debug") or word.startswith("--data="):
            front.append(word)
        elif word == "--data":
            front += [word, *[value for value in [next(queue, None)] if value is not None]]
        else:
            rest.append(word)
    return front + rest
