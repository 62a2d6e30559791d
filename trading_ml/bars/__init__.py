"""Bars: consecutive ranges of ticks, summed up, known at their close."""

from __future__ import annotations

from trading_ml.bars.coarser import coarser
from trading_ml.bars.params import BarParams
from trading_ml.bars.sources import Sources, sources
from trading_ml.bars.table import build, build_span, load

__all__ = ["BarParams", "Sources", "build", "build_span", "coarser", "load", "sources"]
