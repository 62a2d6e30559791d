from __future__ import annotations

import random

import numpy as np

from trading_ml.models import runtime


def test_what_other_threads_draw_makes_no_difference_to_a_network() -> None:
    """A thread's draw, between two layers, is a plain one here: the generator is the same."""
    runtime.start()
    import keras

    def weights(draws: int) -> list[np.ndarray]:
        with runtime.seeded(7):
            first = keras.layers.Dense(3)
            [random.random() for _ in range(draws)]
            model = keras.Sequential(
                [keras.layers.Input((2,)), first, keras.layers.Dropout(0.5), keras.layers.Dense(1)]
            )
        return [*model.get_weights(), np.asarray(model(np.ones((8, 2)), training=True))]

    for undisturbed, disturbed in zip(weights(0), weights(5), strict=True):
        assert np.array_equal(undisturbed, disturbed)
