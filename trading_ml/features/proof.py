"""Proof of a feature: it reads nothing that is not yet known, forgets, and is the same by day as over all history."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, ClassVar

import polars as pl

from trading_ml.core.catalogue import found
from trading_ml.core.context import Extent
from trading_ml.core.evidence import Proof, examine, memory_of
from trading_ml.core.lake import Lake
from trading_ml.core.script import Bound, Kind
from trading_ml.core.witness import Witness


class FeatureProof(Proof):
    """What was proven of a feature script with its parameters."""

    kind: ClassVar[Kind] = "feature"


def prove(
    bound: Bound, bars: pl.DataFrame | None = None, zone: str = "UTC", witness: Witness | None = None
) -> FeatureProof:
    """Prove a feature on the crafted series, and on real bars where some are given.

    Args:
        bound: The script with its parameters.
        bars: Bars of one instrument, in order.
        zone: The instrument's zone, whose dates partition the bars.
        witness: Shared by several proofs, so that it starts once; one of its own if left out.

    Raises:
        BadParams: when the script cannot be evaluated at all.
    """
    with nullcontext(witness) if witness else Witness() as asked:
        return FeatureProof(**examine(bound, memory_of(bound), Extent(), bars, zone, asked))


def prove_and_store(
    lake: Lake, bound: Bound, bars: pl.DataFrame | None = None, zone: str = "UTC", witness: Witness | None = None
) -> FeatureProof:
    """`prove`, and keep the proof for whoever demands it."""
    return prove(bound, bars, zone, witness).store(lake)


def require(lake: Lake, bound: Bound) -> FeatureProof:
    """The stored passing proof.

    Raises:
        Refused: when there is none, or it did not pass. LookAhead: when the feature reads the future.
    """
    return FeatureProof.require(lake, bound)


def check(use: str, params: Mapping[str, Any], bars: pl.DataFrame | None = None, zone: str = "UTC") -> dict[str, Any]:
    """The proof of a feature script found by name or dotted path, or as saved, as JSON."""
    return prove(found(use, "feature", params), bars, zone).model_dump(mode="json")
