"""A layered layout: every node below all that it reads, chains upright, few lines crossing.

Source: Sugiyama, Tagawa and Toda, Methods for Visual Understanding of Hierarchical Systems (1981): rows by the
longest way, barycentres within a row, and a bend in each row that a line passes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from statistics import fmean

Place = tuple[float, int]
_SWEEPS = 24


@dataclass(frozen=True)
class Layout:
    """Places of nodes and of their lines: (middle from the left in units of a node's width, row from the top)."""

    places: Mapping[str, Place]
    lines: Mapping[tuple[str, str], Sequence[Place]]
    """By (from, to) the places a line goes through, ends included."""

    @property
    def width(self) -> float:
        """From the leftmost place to the rightmost."""
        through = [*self.places.values(), *(place for line in self.lines.values() for place in line)]
        return max(x for x, _ in through)

    @property
    def rows(self) -> int:
        """How many."""
        return 1 + max(row for _, row in self.places.values())


def layered(reads: Mapping[str, Iterable[str]], apart: float = 1.08, beside: float = 0.08) -> Layout:
    """Lay out a graph without cycles.

    Args:
        reads: What each node reads, each after what it reads.
        apart: Least distance between the middles of two nodes in a row.
        beside: Least distance of a passing line from a node's edge; two such lines keep twice of it.

    Example:
        >>> layered({"a": [], "b": ["a"], "c": ["b", "a"]}).lines["a", "c"]
        [(0.0, 0), (0.62, 1), (0.0, 2)]
    """
    rows: dict[str, int] = {}
    for name, others in reads.items():
        rows[name] = 1 + max((rows[other] for other in others), default=-1)
    chains = {(other, name): _chain(other, name, rows) for name, others in reads.items() for other in others}
    row_of: dict[Hashable, int] = {**rows, **{bend: bend[2] for chain in chains.values() for bend in chain[1:-1]}}
    joined: dict[Hashable, list] = {key: [] for key in row_of}
    for chain in chains.values():
        for above, below in pairwise(chain):
            joined[above].append(below)
            joined[below].append(above)
    half = lambda key: apart / 2 if isinstance(key, str) else beside
    across = _Columns(_ordered(row_of, joined), row_of, joined, half).relaxed()
    left = min(across.values())
    placed = {key: (round(x - left, 6), row_of[key]) for key, x in across.items()}
    return Layout({name: placed[name] for name in rows}, {k: [placed[key] for key in v] for k, v in chains.items()})


def _chain(start: str, end: str, rows: Mapping[str, int]) -> list:
    """What a line passes: its ends, and between them a bend in each row."""
    return [start, *((start, end, row) for row in range(rows[start] + 1, rows[end])), end]


def _ordered(row_of: Mapping[Hashable, int], joined: Mapping[Hashable, list]) -> list[list]:
    """Rows, each in an order in which few lines cross: by the mean place of what lies above, then below, and again."""
    rows: list[list] = [[] for _ in range(1 + max(row_of.values()))]
    for key, row in row_of.items():
        rows[row].append(key)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            rows[row] = _sorted(rows[row], rows[row - 1 if down else row + 1], joined)
    return rows


def _sorted(row: list, other: list, joined: Mapping[Hashable, list]) -> list:
    place, now = {key: n for n, key in enumerate(other)}, {key: n for n, key in enumerate(row)}
    means = {key: fmean([place[near] for near in joined[key] if near in place] or [now[key]]) for key in row}
    return sorted(row, key=lambda key: (means[key], now[key]))


class _Columns:
    """What stands upright, chains of nodes and the bends of a line, and how far each column is from the left."""

    def __init__(
        self,
        rows: list[list],
        row_of: Mapping[Hashable, int],
        joined: Mapping[Hashable, list],
        half: Callable[[object], float],
    ) -> None:
        self.joined, self.column = joined, _upright(row_of, joined)
        self.pairs = [(a, b, half(a) + half(b)) for row in rows for a, b in pairwise(row)]
        if not (packed := self._packed()):  # columns that cross cannot be upright
            self.column = {key: key for key in row_of}
            packed = self._packed()
        self.across = packed
        self.members = {head: [key for key, other in self.column.items() if other == head] for head in packed}

    def relaxed(self) -> dict[Hashable, float]:
        """Places, after each column has moved to the middle of what it is joined to, as far as others let it."""
        heads = sorted(self.across, key=lambda head: self.across[head])
        for sweep in range(_SWEEPS):
            for head in heads[::-1] if sweep % 2 == 0 else heads:
                self.across[head] = self._allowed(head, self._wanted(head))
        return {key: self.across[head] for key, head in self.column.items()}

    def _packed(self) -> dict[Hashable, float]:
        """Every column as far left as the distances allow; nothing where columns cross."""
        across = dict.fromkeys(self.column.values(), 0.0)
        for _ in range(len(across) + 1):
            moved = False
            for left, right, least in self.pairs:
                a, b = self.column[left], self.column[right]
                if across[b] < across[a] + least - 1e-9:
                    across[b], moved = across[a] + least, True
            if not moved:
                return across
        return {}

    def _wanted(self, head: Hashable) -> float:
        near = [other for key in self.members[head] for other in self.joined[key] if self.column[other] != head]
        nodes = [other for other in near if isinstance(other, str)]
        return fmean(self.across[self.column[other]] for other in nodes or near) if near else self.across[head]

    def _allowed(self, head: Hashable, wanted: float) -> float:
        lows = [self.across[self.column[a]] + least for a, b, least in self.pairs if self.column[b] == head]
        highs = [self.across[self.column[b]] - least for a, b, least in self.pairs if self.column[a] == head]
        return min(max([wanted, *lows]), min(highs, default=inf))


def _upright(row_of: Mapping[Hashable, int], joined: Mapping[Hashable, list]) -> dict[Hashable, Hashable]:
    """By key the head of its column: what is alone right above and what is alone right below it stand upright."""
    column: dict[Hashable, Hashable] = {}
    for key in sorted(row_of, key=lambda each: row_of[each]):
        like = [other for other in joined[key] if isinstance(other, str) == isinstance(key, str)]
        above = [other for other in like if row_of[other] < row_of[key]]
        alone = len(above) == 1 and [other for other in joined[above[0]] if _below(other, above[0], row_of)] == [key]
        column[key] = column[above[0]] if alone else key
    return column


def _below(other: Hashable, key: Hashable, row_of: Mapping[Hashable, int]) -> bool:
    return isinstance(other, str) == isinstance(key, str) and row_of[other] > row_of[key]
