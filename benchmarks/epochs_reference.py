"""The same with the reference system's network: a day of minutes, twice 1024 units."""

from __future__ import annotations

from benchmarks.epochs import REFERENCE, benchmark

BENCHMARK = benchmark(REFERENCE)
