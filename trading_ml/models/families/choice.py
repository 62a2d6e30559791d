"""What a model takes of its dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from trading_ml.core.errors import BadParams, nearest
from trading_ml.core.params import Params

Names = Annotated[
    Annotated[tuple[str, ...], Field(min_length=1)] | None,
    BeforeValidator(lambda raw: (raw,) if isinstance(raw, str) else raw),
]
"""A name, or a list of names."""


class Choice(Params):
    """Which of a dataset's features a model is shown, and which of its labels it answers: the dataset stays the same.

    Example:
        >>> Choice(labels="falls").chosen({"atr": 20}, ["rises", "falls"])
        ({'atr': 20}, ['falls'])
    """

    features: Names = None
    """Features that the model is shown; all of the dataset's by default."""
    labels: Names = None
    """Labels that the model answers, or columns of them; all of the dataset's by default."""

    def chosen(self, windows: Mapping[str, int], labels: Iterable[str]) -> tuple[dict[str, int], list[str]]:
        """What is chosen of the dataset's windows by feature, and of its labels.

        Raises:
            BadParams: when it has no such feature or label, suggesting the nearest.
        """
        known = list(labels)
        for key, named, there in (("features", self.features, list(windows)), ("labels", self.labels, known)):
            for name in named or ():
                if name not in there and (key == "features" or name.partition(".")[0] not in there):
                    raise BadParams(f"model.{key}", f"'{name}' is no {key[:-1]} of the project", nearest(name, there))
        shown = {name: windows[name] for name in self.features} if self.features else dict(windows)
        return shown, list(dict.fromkeys(self.labels or known))
