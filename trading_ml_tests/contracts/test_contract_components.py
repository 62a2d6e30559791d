"""What every component must fulfil: shape, slopes, a way through its file, and a documented form."""

from __future__ import annotations

import doctest
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trading_ml.models import runtime
from trading_ml.models.component import Component, described
from trading_ml.models.components import COMPONENTS

runtime.start()
keras = pytest.importorskip("keras")

SAMPLES, BARS, COLUMNS = 3, 12, 4
ENDS = ("input", "output")
PARAMS: dict[str, dict[str, Any]] = {
    "relative_to_mid": {"columns": ["bid", "ask", "a", "b"]},
    "dense": {"units": 5, "activation": "tanh", "l2": 0.1},
    "conv1d": {"filters": 6, "kernel": 3, "activation": "tanh"},
    "max_pool": {"size": 5},
    "lstm": {"units": 5, "sequence": True},
    "gru": {"units": 5},
    "attention": {"heads": 2, "width": 3},
    "dropout": {"rate": 0.3},
}
SHAPES = {
    "dense": (BARS, 5), "conv1d": (BARS - 2, 6), "max_pool": (2, COLUMNS), "lstm": (BARS, 5), "gru": (5,),
    "flatten": (BARS * COLUMNS,), "mean_over_bars": (COLUMNS,), "concatenate": (BARS, 2 * COLUMNS),
}  # fmt: skip
"""What comes out of (BARS, COLUMNS), by hand; the same shape where nothing is said."""
every = pytest.mark.parametrize("name", [name for name in COMPONENTS if name not in ENDS])


def made(name: str) -> Any:
    """A model of nothing but the component; what joins nodes reads its input twice."""
    entry = keras.Input((BARS, COLUMNS), dtype="float32")
    layer = Component.load(name, PARAMS.get(name, {})).layer("it")
    return keras.Model(entry, layer([entry, entry] if name in ("concatenate", "residual") else entry))


def windows() -> np.ndarray:
    return np.random.default_rng(1).normal(5, 1, (SAMPLES, BARS, COLUMNS)).astype(np.float32)


@every
def test_it_gives_the_shape_that_it_says(name: str) -> None:
    shape = SHAPES.get(name, (BARS, COLUMNS))
    assert made(name).output_shape == (None, *shape)
    assert made(name)(windows()).shape == (SAMPLES, *shape)


@every
def test_slopes_reach_its_input_and_every_weight_that_learns(name: str) -> None:
    import tensorflow as tf

    model, x = made(name), tf.constant(windows())
    aim = np.random.default_rng(2).normal(size=(SAMPLES, *SHAPES.get(name, (BARS, COLUMNS)))).astype(np.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(tf.square(model(x) - aim))
    slopes = tape.gradient(loss, [x, *model.trainable_weights])
    assert all(slope is not None and np.isfinite(slope.numpy()).all() for slope in slopes)
    assert np.abs(slopes[0].numpy()).max() > 0


@every
def test_it_survives_its_file_to_the_bit(name: str, tmp_path: Path) -> None:
    model = made(name)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert again(windows()).numpy().tobytes() == model(windows()).numpy().tobytes()


@pytest.mark.parametrize("name", COMPONENTS)
def test_it_is_documented_and_its_example_holds(name: str) -> None:
    function, told = COMPONENTS[name], described(name)
    assert function.__module__ == f"trading_ml.models.components.{name}"
    assert "Shapes: " in told["docstring"]
    assert told["schema"]["additionalProperties"] is False
    assert all(field.get("description") for field in told["schema"].get("properties", {}).values())
    module = inspect.getmodule(function)
    assert module
    examples = doctest.DocTestFinder().find(function, name, module, vars(module) | {"np": np})
    assert sum(len(test.examples) for test in examples) > 0
    runner = doctest.DocTestRunner(verbose=False)
    for test in examples:
        runner.run(test)
    assert runner.failures == 0


def test_finding_them_does_not_import_keras() -> None:
    code = (
        "import sys\nfrom trading_ml.models.component import described\n"
        "from trading_ml.models.components import COMPONENTS\n[described(name) for name in COMPONENTS]\n"
        "print([name for name in sys.modules if re.match('keras|tensorflow', name)])"
    )
    ran = subprocess.run([sys.executable, "-c", f"import re\n{code}"], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_names_are_plain() -> None:
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in COMPONENTS)
