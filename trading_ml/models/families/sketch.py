"""Drawing a graph: nodes are put down one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trading_ml.core.errors import BadParams, nearest


class Sketch:
    """A graph in the making.

    Example:
        >>> sketch = Sketch({"atr": 20}, {"atr": "zscore"})
        >>> sketch.put("hidden", "dense", sketch.joined(sketch.ready.values()), units=8)
        'hidden'
        >>> list(sketch.nodes)
        ['atr', 'atr_zscore', 'atr_zscore_flat', 'hidden']
    """

    def __init__(self, windows: Mapping[str, int], scale: Mapping[str, str | tuple[str, ...]]) -> None:
        """Begin with an input for each feature, by its window in bars, and its scalings.

        Raises:
            BadParams: when a scaling names no feature.
        """
        for feature in scale:
            if feature not in windows:
                raise BadParams(f"model.scale.{feature}", "unknown feature", nearest(feature, windows))
        self.nodes: dict[str, Any] = {}
        self.windows, self.ready = windows, {}
        for feature in windows:
            self.ready[feature] = self.put(feature, "input", feature=feature)
            asked = scale.get(feature, ())
            for scaling in (asked,) if isinstance(asked, str) else asked:
                if scaling != "none":
                    self.ready[feature] = self.put(f"{feature}_{scaling}", scaling, self.ready[feature])

    def put(self, name: str, use: str, *reads: str, **params: Any) -> str:
        """Add a node and return its name."""
        self.nodes[name] = {"use": use, **({"reads": reads} if reads else {}), **params}
        return name

    def sequences(self, shortest: int = 2) -> tuple[list[str], list[str]]:
        """Windows along which a family can go, those of equal length as one; and those shorter than `shortest`."""
        lengths = sorted({window for window in self.windows.values() if window >= shortest}, reverse=True)
        groups = [[self.ready[name] for name, own in self.windows.items() if own == length] for length in lengths]
        joint = [
            self.put(f"bars_{length}", "concatenate", *group) if len(group) > 1 else group[0]
            for length, group in zip(lengths, groups, strict=True)
        ]
        return joint, [self.ready[name] for name, window in self.windows.items() if window < shortest]

    def joined(self, names: Iterable[str], flat: Iterable[str] = ()) -> str:
        """All values of some nodes side by side; those that are `flat` already need no flattening."""
        rows = [self.put(f"{name.removesuffix('_flat')}_flat", "flatten", name) for name in names]
        rows = [*flat, *rows]
        return self.put("inputs", "concatenate", *rows) if len(rows) > 1 else rows[0]
