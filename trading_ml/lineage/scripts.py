"""The scripts of a dataset: whose they are, the source they had, and what was proven of it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any

from trading_ml.core.digest import digest
from trading_ml.core.errors import TradingError
from trading_ml.core.lake import Lake
from trading_ml.core.origin import libraries, made_of
from trading_ml.core.script import Kind, load
from trading_ml.datasets import Dataset

_KINDS: dict[str, Kind] = {"features": "feature", "labels": "label"}


def scripts(dataset: Dataset) -> Iterator[dict[str, Any]]:
    """Every feature and label script, as the manifest remembers it and as it is today.

    Of each: `use`, `params`, `on`, and `source`, the digest of the files it was made of; `origin` (built-in or own),
    the `file` and the digest of each module it is made of today; whether it is `unchanged` since (null where it cannot
    be loaded any more, with the `problem`); and its `proof`, null where none of this source and of today's libraries
    is stored.
    """
    for room, kind in _KINDS.items():
        for name, script in dataset.manifest["sources"][room].items():
            origin = "own" if ":" in script["use"] else "built-in"
            proof = _proof(dataset.lake, kind, script)
            yield {"kind": kind, "name": name, "origin": origin, **script, **_today(kind, script), "proof": proof}


def _today(kind: Kind, script: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = load(script["use"], kind)
    except TradingError as error:
        return {"file": None, "modules": {}, "unchanged": None, "problem": str(error)}
    return {
        "file": inspect.getsourcefile(inspect.unwrap(found.function)),
        "modules": made_of(found.function, script["use"] if ":" in script["use"] else ""),
        "unchanged": found.source == script["source"],
    }


def _proof(lake: Lake, kind: Kind, script: Mapping[str, Any]) -> dict[str, Any] | None:
    """The stored proof of the source that the dataset was made with, without loading the script."""
    name = script["use"].rpartition(":")[2]
    path = lake.path("proofs", kind, f"{digest(kind, name, script['source'], script['params'], libraries())}.json")
    if not path.is_file():
        return None
    proof = json.loads(path.read_text("utf-8"))
    wanted = ("passed", "warm_up", "warm_up_seconds", "reach", "lookahead", "partition_invariance", "witnessed")
    return {"digest": proof["digest"], **{key: proof[key] for key in wanted if key in proof}}
