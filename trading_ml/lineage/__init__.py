"""Lineage: from a registered version, a dataset or a sample back to the raw files and lines it was made from."""

from __future__ import annotations

from trading_ml.lineage.walk import walk
from trading_ml.lineage.what import What

__all__ = ["What", "walk"]
