"""Scaling layers against plain NumPy, and through a `.keras` file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trading_ml.models import runtime

runtime.start()
keras = pytest.importorskip("keras")

from trading_ml.models.components.minmax import MinMax  # noqa: E402
from trading_ml.models.components.relative import Relative  # noqa: E402
from trading_ml.models.components.zscore import ZScore  # noqa: E402

WINDOWS = np.random.default_rng(0).normal(1000, 5, (7, 5, 3)).astype(np.float32)
numbers = st.floats(-1e6, 1e6, width=32).map(lambda x: 0.0 if abs(x) < 1e-3 else x)


def minmax(x: np.ndarray) -> np.ndarray:
    y = np.zeros_like(x, dtype=np.float64)
    for sample in range(x.shape[0]):
        for column in range(x.shape[2]):
            values = [float(v) for v in x[sample, :, column]]
            low, high = min(values), max(values)
            for row, value in enumerate(values):
                y[sample, row, column] = 0 if high == low else (value - low) / (high - low)
    return y


def relative(x: np.ndarray) -> np.ndarray:
    y = np.zeros_like(x, dtype=np.float64)
    for sample in range(x.shape[0]):
        for column in range(x.shape[2]):
            last = float(x[sample, -1, column])
            for row in range(x.shape[1]):
                y[sample, row, column] = 0 if last == 0 else (float(x[sample, row, column]) - last) / abs(last)
    return y


@pytest.mark.parametrize(("layer", "reference"), [(MinMax, minmax), (Relative, relative)])
@given(x=arrays(np.float32, (2, 4, 2), elements=numbers))
@settings(max_examples=40, deadline=None)
def test_a_window_scaling_equals_its_formula(layer, reference, x: np.ndarray) -> None:
    np.testing.assert_allclose(layer()(x).numpy(), reference(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("layer", [MinMax, Relative])
def test_a_flat_window_becomes_zero_not_a_division_by_zero(layer) -> None:
    assert not layer()(np.full((2, 4, 1), 7, np.float32)).numpy().any()
    assert not layer()(np.zeros((2, 4, 1), np.float32)).numpy().any()


def test_a_zscore_knows_the_rows_it_was_shown_and_no_others() -> None:
    shown = WINDOWS.copy()
    shown[:, :, 2] = 42.0
    layer = ZScore()
    layer.adapt([shown[:3], shown[3:]])
    rows = shown.reshape(-1, 3).astype(np.float64)
    means, deviations = [rows[:, c].sum() / len(rows) for c in range(3)], [np.std(rows[:, c]) for c in range(3)]
    np.testing.assert_allclose(layer.mean.numpy(), means, rtol=1e-6)
    np.testing.assert_allclose(layer.std.numpy(), deviations, rtol=1e-5)
    other = WINDOWS * 2
    expected = (other - np.float32(means)) / np.float32([*deviations[:2], 1])
    expected[:, :, 2] = 0
    np.testing.assert_allclose(layer(other).numpy(), expected, rtol=1e-4)


@pytest.mark.parametrize("layer", [MinMax, Relative, ZScore])
def test_a_layer_survives_its_file_keeps_shapes_and_lets_gradients_through(layer, tmp_path: Path) -> None:
    import tensorflow as tf

    scaling = layer(name="scaling")
    if layer is ZScore:
        scaling.adapt([WINDOWS])
    inputs = keras.Input((5, 3))
    model = keras.Model(inputs, scaling(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    expected = model(WINDOWS).numpy()
    assert expected.shape == WINDOWS.shape
    assert loaded(WINDOWS).numpy().tobytes() == expected.tobytes()
    with tf.GradientTape() as tape:
        x = tf.Variable(WINDOWS)
        total = tf.reduce_sum(tf.square(model(x)))
    assert np.isfinite(tape.gradient(total, x).numpy()).all()
