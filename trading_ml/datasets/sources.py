"""What a dataset stands on: scripts with passing proofs, the rules that cleaned its ticks, and the source of each."""

from __future__ import annotations

from typing import Any

from trading_ml.bars import BarParams
from trading_ml.bars.beside import wanted_by
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings
from trading_ml.datasets.params import DatasetParams
from trading_ml.features import proof as feature_proof
from trading_ml.labels import proof as label_proof
from trading_ml.ticks.rules import chosen


def sources(lake: Lake, params: DatasetParams) -> dict[str, Any]:
    """Use, parameters and source hash of every script, and of every cleaning rule whether it is causal.

    Rules count of all instruments whose bars enter: the dataset's own, and those that its scripts look at.

    Raises:
        Refused: when a script has no stored passing proof, naming it.
    """
    for use in params.features.values():
        feature_proof.require(lake, use.bound)
    for use in params.labels.values():
        label_proof.require(lake, use.bound)
    uses = [*params.features.items(), *params.labels.items()]
    kinds = {other.instrument: _kind(other.params) for other in wanted_by(params.bars, uses) if other.instrument}
    kinds |= dict.fromkeys(params.instruments, _kind(params.bars))
    return {
        "features": {name: use.bound.describe for name, use in params.features.items()},
        "labels": {name: use.bound.describe for name, use in params.labels.items()},
        "rules": {name: _rules(name, kind) for name, kind in sorted(kinds.items())},
    }


def _kind(bars: BarParams) -> str:
    """Kind of the rows that the rules judged before bars were made of them."""
    return bars.kind if bars.source == "ticks" else "bars"


def _rules(name: str, kind: str) -> list[dict[str, Any]]:
    return [choice.describe for choice in chosen(instrument(name, Settings().instruments), kind)]
