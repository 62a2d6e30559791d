"""Batches of windows, gathered from the resident series when they are asked for, never materialised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.models.source import Indices, Source, Target, answers
from trading_ml.models.weights import sample_weights


class Batches:
    """Batches of (inputs by feature, labels) over some samples, in their order or in a new seeded one each epoch.

    The order of an epoch depends on (`seed`, `epoch`) alone, so a broken epoch can be begun again. Where samples count
    differently, their weights come as a third part. Labels and weights are arrays where one label is asked, and by
    label where there are several.

    Args:
        source: The dataset.
        samples: Which of its samples.
        targets: Its labels.
        batch_size: Samples in a batch; the last may be smaller.
        seed: Of the order; without one the samples stay in theirs.
        by_class: Weight of each class, by label.
        features: Those that the model sees; all by default.
    """

    def __init__(
        self,
        source: Source,
        samples: Indices,
        targets: Sequence[Target],
        batch_size: int,
        seed: int | None = None,
        by_class: Mapping[str, NDArray[np.float64]] | None = None,
        features: Iterable[str] | None = None,
    ) -> None:
        self.source, self.samples, self.batch_size, self.seed = source, samples, batch_size, seed
        self.features = [name for name in source.features if features is None or name in features]
        self.labels = _one_or_all({target.name: answers(source, samples, target) for target in targets})
        counts = {each.name: sample_weights(source, each, samples, (by_class or {}).get(each.name)) for each in targets}
        self.weights = _one_or_all(counts) if any(weights is not None for weights in counts.values()) else None
        self.begin(0)

    def begin(self, epoch: int) -> None:
        """From here on give the batches of this epoch, counted from 0."""
        self.epoch, self.order = epoch, np.arange(len(self.samples))
        if self.seed is not None:
            generator = np.random.Generator(np.random.Philox(np.random.SeedSequence((self.seed, epoch))))
            self.order = generator.permutation(self.order)

    @property
    def bars(self) -> int:
        """Bars that a full batch shows, over all features."""
        return self.batch_size * sum(self.source.features[name]["window"] for name in self.features)

    def __len__(self) -> int:
        """Batches per epoch."""
        return -(-len(self.samples) // self.batch_size)

    def __getitem__(self, number: int) -> tuple[Any, ...]:
        """Batch `number` of the epoch."""
        chosen = self.order[number * self.batch_size : (number + 1) * self.batch_size]
        batch = inputs(self.source, self.samples[chosen], self.features), _each(self.labels, lambda all_: all_[chosen])
        return batch if self.weights is None else (*batch, _each(self.weights, lambda all_: all_[chosen]))


def inputs(source: Source, indices: Indices, features: Iterable[str] | None = None) -> dict[str, Any]:
    """What the samples show, by feature."""
    return {feature: source.windows(indices, feature) for feature in features or source.features}


def _one_or_all(by_label: dict[str, Any]) -> Any:
    """The only value, or all of them; of weights, one for each sample where only others count differently."""
    if len(by_label) == 1:
        return next(iter(by_label.values()))
    there = next((values for values in by_label.values() if values is not None), None)
    return {name: np.ones_like(there) if values is None else values for name, values in by_label.items()}


def _each(values: Any, of: Callable[[Any], Any]) -> Any:
    return {name: of(each) for name, each in values.items()} if isinstance(values, dict) else of(values)
