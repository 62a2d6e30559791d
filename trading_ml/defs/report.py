"""What people see in the UI: Markdown tables, plots and progress lines, built from plain values."""

import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import dagster as dg

from trading_ml.core import progress
from trading_ml.core.decimals import decimals
from trading_ml.core.lake import Receipt


def markdown(rows: Sequence[Mapping[str, Any]]) -> dg.MarkdownMetadataValue:
    """A Markdown table with one line per row."""
    if not rows:
        return dg.MetadataValue.md("nothing")
    head = list(dict.fromkeys(key for row in rows for key in row))
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_cell(row.get(key, "")) for key in head) + " |" for row in rows]
    return dg.MetadataValue.md("\n".join(lines))


def partitions(receipts: Mapping[tuple[str, str], Receipt]) -> dict[str, Any]:
    """Metadata of a run over partitions: totals, and a table with each partition's rows and digest."""
    table = [
        {"instrument": name, "date": day, "rows": f"{receipt.rows:,}", "digest": receipt.digest[:12]}
        for (name, day), receipt in sorted(receipts.items())
    ]
    rows = sum(receipt.rows for receipt in receipts.values())
    return {"dagster/row_count": rows, "partitions": len(table), "latest": markdown(table[-31:])}


def proof(room: str, name: str, found: Any) -> dict[str, Any]:
    """A line of the table of proofs."""
    return {
        "script": f"{room}.{name}",
        "passed": found.passed,
        "rows tested": found.lookahead.rows_tested,
        "share": found.lookahead.share,
        "warm-up": found.warm_up,
        "worst by partition": f"{found.partition_invariance.worst:.1e}",
        "reasons": "; ".join(found.reasons),
    }


def lines(series: Mapping[str, Sequence[float]], along: str) -> Any:
    """A figure with one line per series, from 1 on."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.5))
    axes = figure.subplots()
    for name, values in series.items():
        axes.plot(range(1, len(values) + 1), values, label=name, marker=".")
    axes.set_xlabel(along)
    axes.legend(fontsize=8)
    return figure


def plot(figure: Any) -> dg.MarkdownMetadataValue:
    """A matplotlib figure, embedded so that it needs no file."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=72, bbox_inches="tight")
    return picture(buffer.getvalue())


def picture(png: bytes) -> dg.MarkdownMetadataValue:
    """A picture, embedded."""
    return dg.MetadataValue.md(f"![plot](data:image/png;base64,{b64encode(png).decode()})")


def code(text: str, language: str) -> dg.MarkdownMetadataValue:
    """A text as it is written."""
    return dg.MetadataValue.md(f"```{language}\n{text}\n```")


def drawing(svg: str) -> dg.MarkdownMetadataValue:
    """A picture in SVG, embedded; the namespace is what a file of its own needs."""
    named = svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return dg.MetadataValue.md(f"![drawing](data:image/svg+xml;base64,{b64encode(named.encode()).decode()})")


@contextmanager
def logged(log: Any, every_seconds: float = 5.0) -> Iterator[Callable[[str], None]]:
    """Write progress reports to the run's log, a line `every_seconds` at most after another; gives what writes one."""
    last = time.monotonic()

    def say(line: str) -> None:
        nonlocal last
        last = time.monotonic()
        log.info(line)

    def listen(what: str, done: int, total: int, note: str) -> None:
        if time.monotonic() - last >= every_seconds:
            say(f"{what}: {note or f'{done:,} of {total:,}'}")

    with progress.listen(listen):
        yield say


def _cell(value: Any) -> str:
    return decimals(value) if isinstance(value, float) else str(value)
