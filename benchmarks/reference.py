"""One epoch of the reference system's network at its own size, in single precision and in mixed bfloat16.

Twice 1024 units on windows of 1,440 minutes, 13,277 samples a step: three years of minutes at `--ticks 40000000`. The
prices return to a mean, so there is something to learn, and the last tenth of the samples tells how much each learnt.
A bare product of matrices of those sizes says what the machine can do.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from time import perf_counter
from typing import Any, Literal

from benchmarks.claim import Benchmark, Claim, Contender, Place, Work
from benchmarks.epochs import FEATURE, LABEL, Case, lay_out, opened

BATCH, AHEAD, HALF_LIFE, REPEATS = 13_277, 30, 200, 20
CASE = Case("three_years", 1440, 1, {"family": "dense", "units": (1024, 1024), "dropout": 0.2}, 1 / 25.3, 1_580_000)
PRODUCTS = ((1440, 1024), (1024, 1024))
"""Rows and columns of the two kernels; a sample costs 2 floating-point operations of each entry forward, 4 back."""


def prepare(place: Place) -> None:
    """Prices that return to a mean; the label says whether they rise."""
    import numpy as np
    from scipy.signal import lfilter

    rows = CASE.samples(place) + CASE.window + AHEAD
    pull = np.log(2) / HALF_LIFE
    walk = 100 * np.exp(lfilter([1.0], [1.0, pull - 1], np.random.default_rng(1).normal(0, 1e-4, rows)))[:, None]
    ends = np.arange(CASE.window - 1, rows - AHEAD - 1)
    lay_out(CASE, place, walk[:-AHEAD], walk[ends + AHEAD, 0] > walk[ends, 0])


def epoch(place: Place, precision: Literal["float32", "mixed_bfloat16"]) -> Work:
    """Training's own batches and model, on nine tenths of the samples."""
    import keras
    import numpy as np
    from sklearn.metrics import roc_auc_score

    dataset = opened(CASE, place)
    from trading_ml.models.batches import Batches
    from trading_ml.models.build import build, compiled, graph_of
    from trading_ml.models.families import resolve
    from trading_ml.models.feed import feed
    from trading_ml.models.params import TrainingParams
    from trading_ml.models.predict import predict
    from trading_ml.models.source import sole_target

    keras.utils.set_random_seed(7)
    graph = graph_of(dataset, resolve({**CASE.model, "scale": {FEATURE: "minmax"}}))
    training = TrainingParams(batch_size=BATCH, precision=precision)
    model = compiled(build(dataset, graph, training.precision), graph, dataset, training)
    rows = np.arange(dataset.samples.height)
    seen, kept = np.split(rows, [len(rows) * 9 // 10])
    batches = Batches(dataset, seen, [sole_target(dataset)], BATCH, 7)
    model.fit(feed(Batches(dataset, seen[: 4 * BATCH], [sole_target(dataset)], BATCH, 7)), shuffle=False, verbose=0)

    def work() -> Mapping[str, Any]:
        begun = perf_counter()
        loss = model.fit(feed(batches), shuffle=False, verbose=0).history["loss"][0]
        seconds = perf_counter() - begun
        area = roc_auc_score(dataset.labels(kept, LABEL), predict(model, dataset, kept)[LABEL])
        return {"epoch": seconds, "µs a sample": seconds / len(seen) * 1e6, "GFLOP/s": _operations(len(seen)) / seconds,
                "loss": loss, "AUC": area}  # fmt: skip

    return work


def products(place: Place) -> Work:
    """The products of an epoch's step, forward and back, and nothing else."""
    from trading_ml.models import runtime

    runtime.start(2)
    import tensorflow as tf

    tf.random.set_seed(7)
    entered = [tf.random.normal((BATCH, rows)) for rows, _ in PRODUCTS]
    left = [tf.random.normal((BATCH, columns)) for _, columns in PRODUCTS]
    kernels = [tf.random.normal(shape) for shape in PRODUCTS]

    @tf.function
    def step() -> Any:
        made = [(x @ w, tf.matmul(x, y, transpose_a=True), tf.matmul(y, w, transpose_b=True))
                for x, w, y in zip(entered, kernels, left, strict=True)]  # fmt: skip
        return tf.add_n([tf.reduce_max(each) for three in made for each in three])

    step()

    def work() -> Mapping[str, Any]:
        begun = perf_counter()
        for _ in range(REPEATS):
            step().numpy()
        return {"GFLOP/s": _operations(BATCH * REPEATS) / (perf_counter() - begun)}

    return work


def _operations(samples: int) -> float:
    """Thousands of millions in training's products; inputs need no gradient, but one for them is counted."""
    return samples * sum(6 * rows * columns for rows, columns in PRODUCTS) / 1e9


BENCHMARK = Benchmark(
    "an epoch of 1440 × 1 windows, dense 1024 and 1024, at batches of 13,277",
    prepare,
    {
        "trading_ml": Contender(partial(epoch, precision="float32")),
        "mixed_bfloat16": Contender(partial(epoch, precision="mixed_bfloat16")),
        "matrix products": Contender(products),
    },
    (
        Claim("reference epoch, share of the products' speed", "GFLOP/s", "matrix products"),
        Claim("reference epoch in mixed bfloat16, time", "epoch", "trading_ml", ours="mixed_bfloat16"),
        Claim("reference epoch in mixed bfloat16, area under the ROC", "AUC", "trading_ml", ours="mixed_bfloat16"),
    ),
)
