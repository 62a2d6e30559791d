"""Batches of windows, gathered from the resident series when they are asked for, never materialised."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.models.source import Indices, Source, Target
from trading_ml.models.weights import sample_weights


class Batches:
    """Batches of (inputs by feature, label) over some samples, in their order or in a new seeded one each epoch.

    The order of an epoch depends on (`seed`, `epoch`) alone, so a broken epoch can be begun again. Where samples count
    differently, their weights come as a third part.

    Args:
        source: The dataset.
        samples: Which of its samples.
        target: Its label.
        batch_size: Samples in a batch; the last may be smaller.
        seed: Of the order; without one the samples stay in theirs.
        by_class: Weight of each class.
    """

    def __init__(
        self,
        source: Source,
        samples: Indices,
        target: Target,
        batch_size: int,
        seed: int | None = None,
        by_class: NDArray[np.float64] | None = None,
    ) -> None:
        self.source, self.samples, self.batch_size, self.seed = source, samples, batch_size, seed
        values = source.labels(samples, target.name)
        self.labels = values.astype(np.int32 if target.kind == "categorical" else np.float32)
        self.weights = sample_weights(source, target, samples, by_class)
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
        return self.batch_size * sum(shown["window"] for shown in self.source.features.values())

    def __len__(self) -> int:
        """Batches per epoch."""
        return -(-len(self.samples) // self.batch_size)

    def __getitem__(self, number: int) -> tuple[Any, ...]:
        """Batch `number` of the epoch."""
        chosen = self.order[number * self.batch_size : (number + 1) * self.batch_size]
        batch = inputs(self.source, self.samples[chosen]), self.labels[chosen]
        return batch if self.weights is None else (*batch, self.weights[chosen])


def inputs(source: Source, indices: Indices) -> dict[str, Any]:
    """What the samples show, by feature."""
    return {feature: source.windows(indices, feature) for feature in source.features}
