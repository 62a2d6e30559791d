"""What the command line shows: tables or one JSON object on stdout, progress bars on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

from trading_ml.core import progress
from trading_ml.core.decimals import decimals

_EVERY_SECONDS = 5.0
"""Between two lines about the same work, where no terminal shows a bar."""
style: dict[str, bool] = {"json": False, "debug": False}


def emit(value: Mapping[str, Any], *parts: Any) -> None:
    """Print `value` as JSON where asked for, otherwise the readable parts (tables, lines)."""
    if style["json"]:
        print(json.dumps(value, default=str))
        return
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    for part in parts:
        console.print(part)


def say(line: str) -> None:
    """A line for people, on stderr."""
    print(line, file=sys.stderr)


def table(rows: Sequence[Mapping[str, Any]], title: str = "") -> Any:
    """A readable table with one line per row."""
    from rich import box
    from rich.table import Table

    head = list(dict.fromkeys(key for row in rows for key in row))
    shown = Table(*head, title=title or None, box=box.SIMPLE_HEAD, title_justify="left")
    for row in rows:
        shown.add_row(*(_cell(row.get(key, "")) for key in head))
    return shown


def frame(rows: Any) -> Any:
    """The first rows of a Polars frame as a table."""
    return table([{name: str(value) for name, value in row.items()} for row in rows.to_dicts()])


@contextmanager
def bars() -> Iterator[None]:
    """Show every progress report made inside the block as a bar on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = [TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn()]
    console = Console(stderr=True)
    tasks: dict[str, Any] = {}
    said: dict[str, float] = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:

        def update(what: str, done: int, total: int, note: str) -> None:
            if what not in tasks:
                tasks[what], said[what] = shown.add_task(what, total=total, note=""), monotonic()
                if not console.is_terminal:
                    say(what)
            shown.update(tasks[what], completed=done, total=total, note=note or f"{done:,} of {total:,}")
            if note and not console.is_terminal and monotonic() - said[what] >= _EVERY_SECONDS:
                said[what] = monotonic()
                say(f"{what}: {note}")

        with progress.listen(update):
            yield


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return decimals(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_cell(count)}" for key, count in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) if len(value) <= 4 else f"{value[0]} … {value[-1]} ({len(value)})"
    return str(value)
