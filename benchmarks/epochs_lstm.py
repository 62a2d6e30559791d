"""The same with a recurrent network: an LSTM along the windows of the volatility network."""

from __future__ import annotations

from benchmarks.epochs import LSTM, benchmark

BENCHMARK = benchmark(LSTM)
