"""Feeding a model: windows are gathered batch by batch from the resident series, never materialised."""

from __future__ import annotations

from typing import Any

import keras  # noqa: TID253
import numpy as np

from trading_ml.models.source import Indices, Source, Target


class Feed(keras.utils.PyDataset):
    """Batches of (inputs by feature, label) over some samples, in their order or in a new seeded one each epoch.

    The order of epoch e depends on `seed` and e alone. Where samples count differently, the weights come as a third
    part; their mean over all samples is 1, so they change what is learnt and not how fast.
    """

    def __init__(
        self, source: Source, indices: Indices, target: Target, batch_size: int, seed: int | None = None
    ) -> None:
        super().__init__()
        self._source, self._samples, self._batch_size, self._seed = source, indices, batch_size, seed
        values = source.labels(indices, target.name)
        self._labels = values.astype(np.int32 if target.kind == "categorical" else np.float32)
        weights = source.samples["weight"].to_numpy()[indices]
        self._weights = weights / weights.mean() if len(weights) and np.ptp(weights) else None
        self._epoch, self._order = 0, np.arange(len(indices))
        self._shuffle()

    def __len__(self) -> int:
        """Batches per epoch; the last may be smaller."""
        return -(-len(self._samples) // self._batch_size)

    def __getitem__(self, number: int) -> tuple[Any, ...]:
        """Batch `number` of the current epoch."""
        chosen = self._order[number * self._batch_size : (number + 1) * self._batch_size]
        batch = inputs(self._source, self._samples[chosen]), self._labels[chosen]
        return batch if self._weights is None else (*batch, self._weights[chosen])

    def on_epoch_end(self) -> None:
        """Draw the next epoch's order."""
        self._epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        if self._seed is not None:
            self._order = np.random.default_rng([self._seed, self._epoch]).permutation(len(self._samples))


def inputs(source: Source, indices: Indices) -> dict[str, Any]:
    """What the samples show, by feature."""
    return {feature: source.windows(indices, feature) for feature in source.features}
