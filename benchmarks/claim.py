"""What a benchmark is made of: contenders that do the same work, and claims about ratios between them.

Modules of benchmarks import everything heavy inside functions: each contender runs in a process of its own, which
must not pay for the libraries of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

Work = Callable[[], Mapping[str, Any]]
"""The part that is timed. It may return figures of its own, and under `answer` what all contenders must agree on."""


@dataclass(frozen=True)
class Place:
    """Where a run keeps its files, and how much of everything it makes."""

    folder: Path
    ticks: int
    """Rows in the table of ticks."""
    raw: int
    """Rows in the raw files."""

    @property
    def root(self) -> Path:
        """Data root that holds the table of ticks."""
        return self.folder / f"ticks_{self.ticks}"


class Contender(NamedTuple):
    """One way to do the work.

    Attributes:
        set_up: Imports and opens what the work needs, which is not timed, and returns the work.
        most: Ticks beyond which it is left out, because it would not fit into memory.
        module: What it needs beyond the project's own environment.
    """

    set_up: Callable[[Place], Work]
    most: float = inf
    module: str | None = None


class Claim(NamedTuple):
    """A bar on the ratio of one figure: `ours` ÷ `peer` at most so much, or `peer` ÷ `ours` at least so much."""

    what: str
    figure: str
    peer: str
    at_most: float | None = None
    at_least: float | None = None
    ours: str = "trading_ml"

    def ratio(self, ours: float, peer: float) -> float:
        """The ratio the bar is about."""
        return peer / ours if self.at_least else ours / peer

    def holds(self, ratio: float) -> bool:
        """Whether the bar is held; a claim without a bar only tells."""
        return ratio <= (self.at_most or inf) and ratio >= (self.at_least or 0)

    @property
    def bar(self) -> str:
        """The bar, as the design writes it."""
        if self.at_most:
            return f"≤ {self.at_most:g}×"
        return f"≥ {self.at_least:g}×" if self.at_least else ""


class Benchmark(NamedTuple):
    """One question, whoever answers it, and what is claimed of the answers.

    Attributes:
        question: One line: what goes in, what comes out.
        prepare: Makes what the contenders read, once for each place; in a process of its own.
        contenders: By name; ours is `trading_ml`.
        claims: Bars and tellings.
        tables: Makes what else is told once all have answered, line by line.
    """

    question: str
    prepare: Callable[[Place], object]
    contenders: Mapping[str, Contender]
    claims: tuple[Claim, ...]
    tables: Callable[[Place], Iterable[str]] = lambda _: ()
