"""Repetition: the same bars give the same values again, after other bars, and in another process."""

from __future__ import annotations

from itertools import count

import polars as pl

from trading_ml.core.context import closing, stamps_of
from trading_ml.core.proof import known_moves, moves
from trading_ml.core.script import Bound
from trading_ml.core.witness import Statement, Witness

_times = count(1)


def disagreements(bound: Bound, bars: pl.DataFrame, warm_up: int, leaks: bool, witness: Witness) -> list[str]:
    """Why the script's values cannot be relied on, as tails of sentences that begin with its name.

    Args:
        bound: The script.
        bars: Crafted bars.
        warm_up: Rows that may differ where the bars begin elsewhere.
        leaks: Whether it is known to look ahead: then it answers otherwise once it has seen more.
        witness: Asked where the script is somebody's own.
    """
    never = _unseen(bars)
    alone = Statement.of(bound, never)
    found = [_told("gives other values when evaluated again on the same bars", never, alone.first, alone.again)]
    if not (found[0] or leaks):
        found.append(_remembered(never, alone, warm_up))
    if witness.knows(bound):
        found += _compared(bars, Statement.of(bound, bars), witness.ask(bound, bars))
    return [reason for reason in found if reason]


def _unseen(bars: pl.DataFrame) -> pl.DataFrame:
    """The same course at another price level and on other dates, different at each call: no script remembers it."""
    number = next(_times)
    return bars.with_columns(
        pl.col(pl.Datetime).dt.offset_by(f"{7 * number}d"), pl.col(pl.Float64) * (1 + 2.0**-20 * (number % 2**20))
    )


def _remembered(bars: pl.DataFrame, made: Statement, warm_up: int) -> str:
    """The first known value that is another once the bars after it have been seen; empty if there is none."""
    for part in (made.first, made.more):
        ours, theirs = (frame[warm_up : part.height] for frame in (part, made.whole))
        for column, row in known_moves(ours, theirs, int(stamps_of(bars)[part.height - 1])):
            first, then = ours[column][row], theirs[column][row]
            where = f"'{column}' {closing(bars, row + warm_up)}"
            return f"answers otherwise once it has seen more: {where} is {first} at first, then {then}"
    return ""


def _compared(bars: pl.DataFrame, here: Statement, there: Statement | str) -> list[str]:
    """What the witness says, against what is said here."""
    if isinstance(there, str):
        return [there]
    if told := _told("gives other values at its first call than later", bars, there.first, there.again):
        return [told]
    other = "gives other values in a fresh process with other threads, hash seed, time zone and date"
    for ours, theirs in zip(here, there, strict=True):
        if told := _told(other, bars, ours, theirs):
            return [told]
    return []


def _told(problem: str, bars: pl.DataFrame, ours: pl.DataFrame, theirs: pl.DataFrame) -> str:
    """The problem with the first value that differs; empty if none does."""
    if ours.schema != theirs.schema:
        return f"{problem}: its columns are {', '.join(ours.columns)} or {', '.join(theirs.columns)}"
    for column, rows in moves(ours, theirs):
        row = int(rows[0])
        return f"{problem}: '{column}' {closing(bars, row)} is {ours[column][row]} or {theirs[column][row]}"
    return ""
