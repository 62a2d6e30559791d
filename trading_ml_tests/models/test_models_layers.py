"""Every component against plain Python, and the contract of all: shapes, slopes, and a way through a `.keras` file."""

from __future__ import annotations

import doctest
import math
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trading_ml.core.errors import BadParams
from trading_ml.models import layers, runtime
from trading_ml.models.families.family import Scaling

runtime.start()
keras = pytest.importorskip("keras")

from trading_ml.models.layers.zscore import ZScore  # noqa: E402
from trading_ml.models.scaling import SCALINGS, between, moments  # noqa: E402

CLASSES = {
    "minmax": "MinMax",
    "relative_to_last": "RelativeToLast",
    "relative_to_mid": "RelativeToMid",
    "zscore": "ZScore",
    "log": "Log",
}
WINDOWS = np.random.default_rng(0).normal(1000, 5, (7, 5, 3)).astype(np.float32)
WINDOWS[2] = 42.0
WINDOWS[3, :, 1] = 0.0
OPTIONS = {"relative_to_mid": {"between": (0, 2)}}
Window = list[list[float]]


def _minmax(window: Window, row: int, column: int) -> float:
    values = [bar[column] for bar in window]
    return (values[row] - min(values)) / (max(values) - min(values)) if max(values) > min(values) else 0.0


def _relative(window: Window, row: int, column: int) -> float:
    last = window[-1][column]
    return (window[row][column] - last) / abs(last) if last else 0.0


def _mid(window: Window, row: int, column: int) -> float:
    mid = (window[-1][0] + window[-1][2]) / 2
    return (window[row][column] - mid) / abs(mid) if mid else 0.0


def _log(window: Window, row: int, column: int) -> float:
    x = window[row][column]
    return math.copysign(math.log(1 + abs(x)), x)


def _zscore(window: Window, row: int, column: int) -> float:
    shown = [float(x) for x in WINDOWS[:, :, column].ravel()]
    mean = sum(shown) / len(shown)
    return (window[row][column] - mean) / math.sqrt(sum((x - mean) ** 2 for x in shown) / len(shown))


REFERENCES: dict[str, Callable[[Window, int, int], float]] = {
    "minmax": _minmax,
    "relative_to_last": _relative,
    "relative_to_mid": _mid,
    "zscore": _zscore,
    "log": _log,
}
every = pytest.mark.parametrize("name", CLASSES)


def made(name: str):
    """The component, which has adapted to `WINDOWS` where it does that."""
    kind = getattr(import_module(f"{layers.__name__}.{name}"), CLASSES[name])
    layer = kind(name="scaling", **OPTIONS.get(name, {}))
    if name == "zscore":
        layer.adapt([WINDOWS])
    return layer


def expected(name: str, x: np.ndarray) -> np.ndarray:
    values = x.astype(np.float64).tolist()
    rows, columns = range(x.shape[1]), range(x.shape[2])
    return np.array([[[REFERENCES[name](window, r, c) for c in columns] for r in rows] for window in values])


def model(name: str):
    inputs = keras.Input((5, 3))
    return keras.Model(inputs, made(name)(inputs))


numbers = st.floats(-1e6, 1e6, width=32).map(lambda x: 0.0 if abs(x) < 1e-3 else x)
flat = st.one_of(numbers, st.just(0.0)).map(lambda x: np.full((2, 4, 3), x, np.float32))


@every
@given(x=st.one_of(arrays(np.float32, (2, 4, 3), elements=numbers), flat))
@settings(max_examples=30, deadline=None)
def test_it_equals_its_formula_and_is_always_a_number(name: str, x: np.ndarray) -> None:
    found, wanted = made(name)(x).numpy(), expected(name, x)
    assert found.dtype == np.float32
    near = 2e-6 * (1 + np.abs(x).max() / max(np.abs(x).min(), 1e-3)) if name.startswith("relative") else 1e-4
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=near)


@every
def test_its_numpy_function_gives_the_same(name: str) -> None:
    known = {"relative_to_mid": [(0, 2)], "zscore": [each.astype(np.float32) for each in moments([WINDOWS])]}
    found = SCALINGS[name](WINDOWS, *known.get(name, []))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, made(name)(WINDOWS).numpy(), rtol=1e-6, atol=1e-7)


@every
def test_a_flat_window_is_no_division_by_zero(name: str) -> None:
    for level in (0.0, 7.0):
        x = np.full((2, 4, 3), level, np.float32)
        np.testing.assert_allclose(made(name)(x).numpy(), expected(name, x), rtol=1e-4)
        if name in ("minmax", "relative_to_last", "relative_to_mid"):
            assert not made(name)(x).numpy().any()


@every
def test_it_survives_its_file_to_the_bit(name: str, tmp_path: Path) -> None:
    saved = model(name)
    saved.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    wanted = saved(WINDOWS).numpy()
    assert wanted.shape == WINDOWS.shape
    assert loaded(WINDOWS).numpy().tobytes() == wanted.tobytes()


@every
def test_it_has_a_registered_name_a_config_and_an_example_that_runs(name: str) -> None:
    layer = made(name)
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert keras.saving.get_registered_name(type(layer)) == f"trading_ml>{CLASSES[name]}"
    assert "y = " in (type(layer).__doc__ or "")
    module = import_module(f"{layers.__name__}.{name}")
    assert doctest.testmod(module).failed == 0
    assert ">>>" in (type(layer).__doc__ or "")


@every
def test_slopes_go_through_and_are_those_of_the_formula(name: str) -> None:
    """Against finite differences of the plain formula, away from its kinks."""
    import tensorflow as tf

    layer, x = made(name), np.random.default_rng(3).normal(3, 1, (2, 4, 3)).astype(np.float32)
    weights = np.random.default_rng(4).normal(size=x.shape)
    with tf.GradientTape() as tape:
        tensor = tf.Variable(x)
        total = tf.reduce_sum(layer(tensor) * weights.astype(np.float32))
    found = tape.gradient(total, tensor).numpy()
    wanted, step = np.zeros_like(found), 1e-4
    for place in np.ndindex(*x.shape):
        up, down = x.astype(np.float64), x.astype(np.float64)
        up[place] += step
        down[place] -= step
        wanted[place] = ((_double(name, up) - _double(name, down)) * weights).sum() / (2 * step)
    np.testing.assert_allclose(found, wanted, rtol=1e-2, atol=1e-3)
    with tf.GradientTape() as tape:
        tensor = tf.Variable(WINDOWS)
        total = tf.reduce_sum(tf.square(layer(tensor)))
    assert np.isfinite(tape.gradient(total, tensor).numpy()).all()


def _double(name: str, x: np.ndarray) -> np.ndarray:
    rows, columns = range(x.shape[1]), range(x.shape[2])
    return np.array([[[REFERENCES[name](w, r, c) for c in columns] for r in rows] for w in x.tolist()])


def test_every_component_has_its_reference_and_its_name_in_the_project_file() -> None:
    assert set(REFERENCES) == set(CLASSES) == set(get_args(Scaling)) - {"none"}


def test_models_of_all_components_open_in_a_process_that_has_seen_none(tmp_path: Path) -> None:
    inputs = keras.Input((5, 3))
    tensors = [made(name)(inputs) for name in CLASSES]
    for number, tensor in enumerate(tensors):
        keras.Model(inputs, tensor).save(tmp_path / f"{number}.keras")
    code = (
        "import sys; from pathlib import Path; from trading_ml.models import layers, runtime; runtime.start()\n"
        "import keras\n"
        "for path in Path(sys.argv[1]).glob('*.keras'): layers.register(path), keras.models.load_model(path)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)


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
    wanted = (other - np.float32(means)) / np.float32([*deviations[:2], 1])
    wanted[:, :, 2] = 0
    np.testing.assert_allclose(layer(other).numpy(), wanted, rtol=1e-4, atol=1e-4)


def test_the_middle_is_between_bid_and_ask_or_else_high_and_low() -> None:
    assert between(["now.open", "now.high", "now.low"]) == (1, 2)
    assert between(["now.high", "now.low", "now.bid", "now.ask"]) == (2, 3)
    with pytest.raises(BadParams) as caught:
        between(["atr"])
    problem = "needs the columns bid and ask, or high and low, not atr; relative_to_last needs none"
    assert str(caught.value) == f"relative_to_mid: {problem}"
