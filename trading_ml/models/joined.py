"""Several datasets as one: their series one below the other, their samples one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from trading_ml.core.digest import digest
from trading_ml.core.errors import BadParams
from trading_ml.models.source import PARTS, Floats, Indices, Source

_KEY = "training.datasets"
_GIVES_WAY = {"train": ("validation", "test"), "validation": ("test",)}


@dataclass(frozen=True)
class Joined:
    """A source of all samples of its members, which have the same features and labels.

    A window lies in the series of its own member. What one member teaches another one does not judge: training
    samples whose label interval overlaps one of a validation or test sample of any member are purged, and validation
    samples that overlap one of a test sample, as within one dataset.
    """

    members: Sequence[Source]

    @classmethod
    def of(cls, members: Mapping[str, Source]) -> Joined:
        """Join datasets, named by their projects.

        Raises:
            BadParams: when two differ in their features or labels.
        """
        (first, reference), *others = members.items()
        for name, other in others:
            for what, forms in _forms(reference).items():
                theirs = _forms(other)[what]
                for key in dict.fromkeys([*forms, *theirs]):
                    if forms.get(key) != theirs.get(key):
                        problem = f"{what} '{key}' is not the same in {first} and {name}"
                        raise BadParams(_KEY, problem, "join datasets whose features and labels are alike")
        return cls(tuple(members.values()))

    @property
    def digest(self) -> str:
        """Digest of the members' digests, in their order."""
        return digest([member.digest for member in self.members])

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """The labels, and which datasets these are."""
        return {"labels": self.members[0].manifest["labels"], "members": [member.digest for member in self.members]}

    @cached_property
    def features(self) -> Mapping[str, Mapping[str, Any]]:
        """Those of every member."""
        return self.members[0].features

    @cached_property
    def samples(self) -> pl.DataFrame:
        """`instrument` and `weight` of the members' samples, one after the other."""
        frames = [member.samples.select(pl.col("instrument").cast(pl.String), "weight") for member in self.members]
        whole = pl.concat(frames)
        return whole.with_columns(pl.col("instrument").cast(pl.Enum(whole["instrument"].unique().sort())))

    @cached_property
    def blocks(self) -> Mapping[str, Floats]:
        """Per feature the members' blocks, one below the other."""
        return {name: np.concatenate([member.blocks[name] for member in self.members]) for name in self.features}

    @cached_property
    def ends(self) -> Indices:
        """Per sample the row of its bar in the blocks."""
        heights = [len(next(iter(member.blocks.values()))) for member in self.members]
        starts = [0, *np.cumsum(heights)[:-1].tolist()]
        return np.concatenate([member.ends + start for member, start in zip(self.members, starts, strict=True)])

    def indices(self, part: str) -> Indices:
        """The samples of a part, ascending."""
        return np.flatnonzero(self._parts == PARTS.index(part))

    def windows(self, indices: Indices, feature: str) -> Floats:
        """The bars each sample shows of a feature, oldest first: shape (samples, window, columns)."""
        block, length = self.blocks[feature], self.features[feature]["window"]
        width = block.shape[1]
        runs = sliding_window_view(block.reshape(-1), length * width)[::width]
        return runs[self.ends[indices] - (length - 1)].reshape(-1, length, width)

    def last(self, indices: Indices) -> Floats:
        """All columns at each sample's own bar."""
        return np.concatenate([block[self.ends[indices]] for block in self.blocks.values()], axis=1)

    def labels(self, indices: Indices, label: str) -> NDArray[Any]:
        """Values of a label column."""
        return self._gathered(indices, lambda member, own: member.labels(own, label))

    def label_intervals(self, indices: Indices) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Each sample's time and when its label is known."""
        both = self._gathered(indices, lambda member, own: np.stack(member.label_intervals(own), axis=1))
        return both[:, 0], both[:, 1]

    @cached_property
    def _counts(self) -> list[int]:
        return [member.samples.height for member in self.members]

    @cached_property
    def _firsts(self) -> Indices:
        """The first sample of each member."""
        return np.array([0, *np.cumsum(self._counts)[:-1]])

    @cached_property
    def _parts(self) -> NDArray[np.int8]:
        """By sample the position of its part; −1 where it is in none."""
        codes = np.full(sum(self._counts), -1, np.int8)
        for member, first in zip(self.members, self._firsts, strict=True):
            for code, name in enumerate(PARTS):
                codes[first + member.indices(name)] = code
        given = codes.copy()
        for name, judges in _GIVES_WAY.items():
            own = np.flatnonzero(codes == PARTS.index(name))
            other = np.flatnonzero(np.isin(codes, [PARTS.index(judge) for judge in judges]))
            given[own[_overlapping(self.label_intervals(own), self.label_intervals(other))]] = PARTS.index("purged")
        return given

    def _gathered(self, indices: Indices, of: Callable[[Source, Indices], NDArray[Any]]) -> NDArray[Any]:
        """What the members say of their own samples, in the order in which these are asked for."""
        whose = np.searchsorted(self._firsts, indices, side="right") - 1
        told = [of(member, indices[whose == n] - self._firsts[n]) for n, member in enumerate(self.members)]
        whole = np.concatenate(told)
        order = np.argsort(whose, kind="stable")
        found = np.empty_like(whole)
        found[order] = whole
        return found


def _forms(source: Source) -> dict[str, dict[str, Any]]:
    """By kind and name what must be the same: window, columns, classes, and the scripts with their parameters."""
    scripts = source.manifest.get("params", {})
    features = {name: (shown["window"], list(shown["columns"])) for name, shown in source.features.items()}
    labels: dict[str, Any] = {}
    for entry in source.manifest["labels"]:
        labels.setdefault(entry["name"], []).append((entry["column"], entry["classes"] and list(entry["classes"])))
    made = lambda kind, forms: {name: (form, scripts.get(kind, {}).get(name)) for name, form in forms.items()}
    return {"feature": made("features", features), "label": made("labels", labels)}


def _overlapping(
    own: tuple[NDArray[np.int64], NDArray[np.int64]], other: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> NDArray[np.bool_]:
    """Which of one's half-open intervals overlap any of the other's."""
    starts, ends = own
    if not len(other[0]):
        return np.zeros(len(starts), np.bool_)
    order = np.argsort(other[0])
    latest = np.maximum.accumulate(other[1][order])
    earlier = np.searchsorted(other[0][order], ends, side="left")
    return (earlier > 0) & (latest[np.maximum(earlier, 1) - 1] > starts)
