"""Families: named graphs with parameters, one file each; a family turns scaled inputs into what the head reads."""

from __future__ import annotations

from trading_ml.models.families import dense

FAMILIES = {"dense": dense.trunk}
