"""`python -m benchmarks`: run the benchmarks and print the ratio table.

With `--small` everything runs in seconds, to see that it runs; ratios then mean little.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.claim import Place
from benchmarks.measure import load, machine, run

NAMES = (
    "ingest",
    "storage",
    "bars",
    "access",
    "display",
    "search",
    "packet",
    "lineage",
    "labels",
    "features",
    "proofs",
    "alpha158",
    "purging",
    "gate",
    "epochs",
    "epochs_lstm",
    "epochs_reference",
    "reference",
    "tuning",
    "whole",
    "increment",
)
LONG = ("tuning",)
"""Take minutes however little there is: with `--small` only by name."""


def main(words: list[str] | None = None) -> int:
    """Run what the words ask for; 1 where a bar is missed."""
    asked = _parser().parse_args(words)
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="benchmarks_"))
    ticks, raw = (200_000, 100_000) if asked.small else (asked.ticks, asked.raw)
    place = Place(folder.absolute(), ticks, raw)
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
        missed = _report(
            asked.names or [name for name in NAMES if not (asked.small and name in LONG)],
            place,
            1 if asked.small else asked.rounds,
        )
    finally:
        if asked.folder is None:
            shutil.rmtree(folder)
    return int(missed and not asked.small)


def _report(names: tuple[str, ...] | list[str], place: Place, rounds: int) -> bool:
    """Print as it goes: figures of every contender, then all ratios; says whether a bar is missed."""
    for line in machine():
        print(line)
    print(f"{place.ticks:,} ticks, {place.raw:,} raw rows, medians of {rounds} rounds in turns\n")
    ratios, missed = [], False
    for name in names:
        figures = run(name, place, rounds)
        print("\n".join(_figures(name, figures)), flush=True)
        for line in load(name).tables(place):
            print(line)
        for claim in load(name).claims:
            if claim.ours in figures and claim.peer in figures:
                ratio = claim.ratio(figures[claim.ours][claim.figure], figures[claim.peer][claim.figure])
                missed |= not claim.holds(ratio)
                told = ("held" if claim.holds(ratio) else "MISSED") if claim.bar else ""
                ratios.append(f"| {claim.what} | {ratio:.3g}× | {claim.bar} | {told} |")
    print("\n".join(["| claim | ratio | bar | |", "| --- | ---: | --- | --- |", *ratios]), flush=True)
    return missed


def _figures(name: str, figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """One benchmark's figures as a table: seconds, MiB, and what its work tells of itself."""
    columns = list(dict.fromkeys(key for told in figures.values() for key in told))
    lines = [
        f"### {name}: {load(name).question}\n",
        f"| | {' | '.join(columns)} |",
        f"| --- |{' ---: |' * len(columns)}",
    ]
    for who, told in figures.items():
        cells = [
            f"{told[key]:,.4g}"
            if key in told and told[key] < 1000
            else f"{told.get(key, ''):,.0f}"
            if key in told
            else ""
            for key in columns
        ]
        lines.append(f"| {who} | {' | '.join(cells)} |")
    return [*lines, ""]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(NAMES)}; all by default")
    parser.add_argument("--ticks", type=int, default=40_000_000, help="rows in the table of ticks (%(default)s)")
    parser.add_argument("--raw", type=int, default=10_000_000, help="rows in the raw files (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of which medians are told (%(default)s)")
    parser.add_argument("--folder", type=Path, help="keep what is made here, for another run")
    parser.add_argument("--small", action="store_true", help="a few hundred thousand rows, once")
    return parser


if __name__ == "__main__":
    sys.exit(main())
