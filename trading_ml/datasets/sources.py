"""What a dataset stands on: scripts with passing proofs, the rules that cleaned its ticks, and the source of each."""

from __future__ import annotations

from typing import Any

from trading_ml.core.digest import source_digest
from trading_ml.core.lake import Lake
from trading_ml.datasets.params import DatasetParams
from trading_ml.features import proof as feature_proof
from trading_ml.labels import proof as label_proof
from trading_ml.ticks.rules import chosen


def sources(lake: Lake, params: DatasetParams) -> dict[str, Any]:
    """Use, parameters and source hash of every script, and of every cleaning rule whether it is causal.

    Raises:
        Refused: when a script has no stored passing proof, naming it.
    """
    for use in params.features.values():
        feature_proof.require(lake, use.bound)
    for use in params.labels.values():
        label_proof.require(lake, use.bound)
    ticks = sorted({instrument.partition(":")[0] for instrument in params.instruments})
    return {
        "features": {name: use.bound.describe for name, use in params.features.items()},
        "labels": {name: use.bound.describe for name, use in params.labels.items()},
        "rules": {source: _rules(source, params.bars.kind) for source in ticks},
    }


def _rules(source: str, kind: str) -> list[dict[str, Any]]:
    return [
        {
            "rule": choice.rule.name,
            "causal": choice.rule.causal,
            "params": choice.params.model_dump(mode="json"),
            "source": source_digest(choice.rule.rejects),
        }
        for choice in chosen(source, kind)
    ]
