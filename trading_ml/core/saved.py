"""Saved features: a script with its parameters under a name, shared by projects.

They stand in `features.yaml` beside the folder of projects, in the form of a project's features; a project takes one
by `use: saved:NAME`. It is written out when the project is read, so datasets and registered versions remember the
script and the parameters themselves, and changing a saved feature rebuilds what depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from trading_ml.core.errors import BadParams, Unknown
from trading_ml.core.settings import Settings

PREFIX = "saved:"


def saved(path: Path | None = None) -> dict[str, dict[str, Any]]:
    """All saved features by name: `use` and the script's parameters.

    Raises:
        BadParams: naming the file, and the feature in it, when it is not of that form.
    """
    path = path or Settings().features
    if not path.is_file():
        return {}
    form = "write for example  slow_atr: {use: atr, period: 50}"
    try:
        raw = yaml.safe_load(path.read_text("utf-8")) or {}
    except yaml.YAMLError as caught:
        raise BadParams(path.name, f"is not YAML: {getattr(caught, 'problem', caught)}", form) from None
    if not isinstance(raw, dict):
        raise BadParams(path.name, "is not a mapping of names", form)
    for name, feature in raw.items():
        if not isinstance(feature, dict) or not isinstance(use := feature.get("use"), str):
            raise BadParams(f"{path.name}, {name}", "does not say which script to use", form)
        if use.startswith(PREFIX):
            raise BadParams(f"{path.name}, {name}", "is made of another saved feature", "name the script itself")
    return raw


def written_out(given: Any) -> Any:
    """A use as a project gives it; where it names a saved feature, with that one's script and parameters.

    Raises:
        Unknown: when no such feature is saved; the nearest is suggested. BadParams: when the project sets a parameter
            that is saved.
    """
    use = given.get("use") if isinstance(given, Mapping) else None
    if not isinstance(use, str) or not use.startswith(PREFIX):
        return given
    name, known = use.removeprefix(PREFIX), saved()
    if name not in known:
        raise Unknown.of("saved feature", name, known)
    own = {key: value for key, value in given.items() if key != "use"}
    if both := sorted(own.keys() & known[name].keys()):
        raise BadParams(use, f"'{both[0]}' is saved with it", "leave it out, or use the script itself")
    return {**known[name], **own}
