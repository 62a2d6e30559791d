"""The catalogue of scripts: what each does, takes and gives, told by the script itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from trading_ml.core.errors import TradingError
from trading_ml.core.lake import Lake
from trading_ml.core.saved import PREFIX, saved, written_out
from trading_ml.core.script import Bound, Kind, Script, load

HOMES: dict[Kind, str] = {"feature": "trading_ml.features", "label": "trading_ml.labels"}


def registry(kind: Kind) -> dict[str, Callable[..., Any]]:
    """The built-in scripts by name."""
    return getattr(import_module(HOMES[kind]), f"{kind.upper()}S")


def built_in(kind: Kind) -> list[str]:
    """Their names, in order."""
    return sorted(registry(kind))


def summary(script: Script) -> str:
    """The first sentence of its docstring."""
    first = (inspect.getdoc(script.function) or "").partition("\n\n")[0]
    return " ".join(first.split())


def entry(bound: Bound) -> dict[str, Any]:
    """A line of the catalogue."""
    script = bound.script
    return {
        "name": script.use, "summary": summary(script), "parameters": bound.params.model_dump(mode="json"),
        "outputs": list(bound.expressions), "source": script.source,
    }  # fmt: skip


def listed(kind: Kind, uses: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    """The catalogue: built-in scripts, saved features, and somebody's own that projects use.

    Args:
        kind: Features or labels.
        uses: Names of projects by what they use.
    """
    names = built_in(kind)
    own = sorted(name for name in uses if ":" in name and not name.startswith(PREFIX))
    kept = [f"{PREFIX}{name}" for name in sorted(saved())] if kind == "feature" else []
    origins = dict.fromkeys(names, "built-in") | dict.fromkeys(kept, "saved") | dict.fromkeys(own, "own")
    return [_line(name, kind, origin) | {"projects": uses.get(name, [])} for name, origin in origins.items()]


def _line(use: str, kind: Kind, origin: str) -> dict[str, Any]:
    """An entry; of a script that cannot be used, why."""
    try:
        return {**entry(found(use, kind, {})), "name": use, "origin": origin}
    except TradingError as error:
        empty = {"parameters": {}, "outputs": [], "source": ""}
        return {"name": use, "origin": origin, "summary": f"cannot be used: {error}", **empty}


def found(use: str, kind: Kind, params: Mapping[str, Any]) -> Bound:
    """A script by name, dotted path or as saved, with its parameters.

    Raises:
        Unknown: when there is no such script. BadParams: when it takes no such parameters.
    """
    written = written_out({"use": use, **params}) if kind == "feature" else {"use": use, **params}
    own = {key: value for key, value in written.items() if key not in ("use", "on", "window")}
    return load(written["use"], kind).bind(own)


def described(bound: Bound, lake: Lake) -> dict[str, Any]:
    """All there is to know of a script: its documentation, the form of its parameters, and what was proven of it."""
    script = bound.script
    return entry(bound) | {
        "kind": script.kind, "docstring": inspect.getdoc(script.function) or "", "classes": list(script.classes),
        "needs": {name: repr(bars) for name, bars in script.needs.items()},
        "schema": script.params.model_json_schema(), "proofs": proofs(script, lake),
    }  # fmt: skip


def proofs(script: Script, lake: Lake) -> list[dict[str, Any]]:
    """What is stored of its proofs, with whichever parameters; those of this very source and these libraries first."""
    module = import_module(f"{HOMES[script.kind]}.proof")
    model = getattr(module, f"{script.kind.capitalize()}Proof")
    found = []
    for path in sorted(lake.path("proofs", script.kind).glob("*.json")):
        proof = model.model_validate_json(path.read_bytes())
        if proof.script == script.use:
            current = proof.digest == script.bind(proof.params).digest
            found.append({"current": current, **proof.model_dump(mode="json", exclude={"script"})})
    return sorted(found, key=lambda proof: not proof["current"])
