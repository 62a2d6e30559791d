"""`csv`: tables that are only columns, each declared by a mapping; the known ones come as presets."""

from __future__ import annotations

from trading_ml.adapters.csv.adapter import adapter, presets
from trading_ml.adapters.csv.mapping import SUFFIX, MappingParams, load, parse

__all__ = ["SUFFIX", "MappingParams", "adapter", "load", "parse", "presets"]
