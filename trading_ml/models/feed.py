"""Two ways for batches into Keras, which give the very same ones: TensorFlow gathers small batches, NumPy large ones.

A batch through Python costs a fixed time and holds up the thread that trains; TensorFlow's gather has no such cost but
copies bar by bar, where NumPy copies whole windows. They meet where a batch shows about a hundred thousand bars.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras  # noqa: TID253
import numpy as np
import tensorflow as tf  # noqa: TID253

from trading_ml.models.batches import Batches

SMALL = 2**17
"""Bars in a batch up to which TensorFlow gathers it."""


def feed(batches: Batches, prefetch: int = 1) -> Any:
    """What `fit` takes, by the size of a batch; `prefetch` threads gather ahead."""
    return stream(batches, prefetch) if batches.bars <= SMALL else Feed(batches, prefetch)


class Feed(keras.utils.PyDataset):
    """Batches gathered by NumPy.

    Keras asks for one batch ahead in a thread of its own; with more threads, so many batches are under way. (Keras's
    own `workers` leave batches of a broken epoch in their queue, and the next epoch begins with them.)
    """

    def __init__(self, batches: Batches, threads: int = 1) -> None:
        super().__init__()
        self._batches, self._threads = batches, threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self._ahead: dict[tuple[int, int], Future[Any]] = {}

    def __len__(self) -> int:
        """Batches per epoch."""
        return len(self._batches)

    def __getitem__(self, number: int) -> tuple[Any, ...]:
        """Batch `number` of the epoch that has begun."""
        if self._pool is None:
            return self._batches[number]
        epoch = self._batches.epoch
        ahead = [(epoch, later) for later in range(number, min(number + self._threads, len(self)))]
        known = {key: future for key, future in self._ahead.items() if key in ahead}
        self._ahead = {key: known.get(key) or self._pool.submit(self._batches.__getitem__, key[1]) for key in ahead}
        return self._ahead.pop((epoch, number)).result()


def stream(batches: Batches, threads: int = 1) -> tf.data.Dataset:
    """The same batches gathered by TensorFlow, from one copy of the series and the row on which each sample ends."""
    source, size = batches.source, batches.batch_size
    ends = tf.constant(source.ends[batches.samples].astype(np.int32))
    blocks = {feature: tf.constant(source.blocks[feature]) for feature in batches.features}
    back = {feature: tf.range(1 - source.features[feature]["window"], 1) for feature in batches.features}
    answers = [
        tf.nest.map_structure(tf.constant, part) for part in (batches.labels, batches.weights) if part is not None
    ]

    def epoch(_: Any) -> tf.data.Dataset:
        order = tf.ensure_shape(tf.numpy_function(lambda: batches.order, [], tf.int64), [len(batches.samples)])
        starts = tf.data.Dataset.range(0, len(batches.samples), size)
        return starts.map(lambda start: order[start : start + size])

    def gather(chosen: tf.Tensor) -> tuple[Any, ...]:
        last = tf.gather(ends, chosen)[:, None]
        windows = {feature: tf.gather(block, last + back[feature]) for feature, block in blocks.items()}
        return windows, *(tf.nest.map_structure(lambda all_: tf.gather(all_, chosen), part) for part in answers)

    calls = {"num_parallel_calls": threads, "deterministic": True} if threads > 1 else {}
    flow = tf.data.Dataset.range(1).flat_map(epoch).map(gather, **calls).prefetch(threads)
    options = tf.data.Options()
    options.threading.private_threadpool_size = threads
    return flow.apply(tf.data.experimental.assert_cardinality(len(batches))).with_options(options)
