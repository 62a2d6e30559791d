"""Both ways of feeding against plain slices: same batches, same order, same weights, whatever gathers ahead."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ml.models import runtime
from trading_ml.models.batches import Batches
from trading_ml.models.build import build, graph_of
from trading_ml.models.families import resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.source import Target, sole_target
from trading_ml.models.train import train
from trading_ml_tests.models.standin import Standin

runtime.start()
keras = pytest.importorskip("keras")

from trading_ml.models import feed  # noqa: E402

RISES = Target("rises", ("rises",), ("false", "true"))
MODEL = resolve({"family": "dense", "units": [8], "dropout": 0.2, "scale": {"close": "minmax"}})
SIZE = len(Standin().bar)
UNEVEN = np.linspace(0.5, 2.5, SIZE, dtype=np.float32)
WAYS = {
    "numpy": lambda batches: feed.Feed(batches),
    "numpy, 3 ahead": lambda batches: feed.Feed(batches, 3),
    "tensorflow": lambda batches: feed.stream(batches),
    "tensorflow, 3 ahead": lambda batches: feed.stream(batches, 3),
}
every_way = pytest.mark.parametrize("way", WAYS)


def flat(batch: tuple[Any, ...]) -> list[np.ndarray]:
    """A batch's arrays, by feature and then the others."""
    windows, *others = batch
    return [np.asarray(part) for part in (*(windows[name] for name in sorted(windows)), *others)]


def shown(fed: Any) -> list[list[np.ndarray]]:
    return [flat(batch) for batch in fed]


def sliced(source: Standin, samples: list[int]) -> list[np.ndarray]:
    """The windows of the samples by plain slices of each instrument's own series."""
    found = []
    for column, length in ((0, source.window), (1, 1)):
        ends = [(source.place[sample], source.bar[sample] + 1) for sample in samples]
        found.append(np.stack([source.series[place, end - length : end, [column]].T for place, end in ends]))
    return found


@every_way
@settings(max_examples=6, deadline=None)
@given(
    window=st.integers(2, 9), size=st.integers(1, 40), seed=st.none() | st.integers(0, 9), epoch=st.integers(0, 3),
    random=st.randoms(use_true_random=False),
)  # fmt: skip
def test_batches_are_slices_in_the_order_of_seed_and_epoch(
    way: str, window: int, size: int, seed: int | None, epoch: int, random: Random
) -> None:
    source = Standin(bars=30, window=window, weights=UNEVEN[: 2 * (30 - window - 2)])
    samples = np.array(random.sample(range(len(source.bar)), random.randint(2, 25)))
    batches = Batches(source, samples, [RISES], size, seed)
    batches.begin(epoch)
    order = samples
    if seed is not None:
        philox = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, epoch))))
        order = philox.permutation(samples)
    own = source.samples["weight"].to_numpy()
    fed = WAYS[way](batches)
    assert len(fed) == len(batches) == -(-len(samples) // size)
    for number, (close, noise, answers, weights) in enumerate(shown(fed)):
        chosen = order[number * size : (number + 1) * size].tolist()
        for found, wanted in zip((close, noise), sliced(source, chosen), strict=True):
            assert found.dtype == np.float32
            assert np.array_equal(found, wanted)
        assert answers.tolist() == [float(source.answers[sample]) for sample in chosen]
        assert (answers.dtype, weights.dtype) == (np.float32, np.float32)
        assert weights == pytest.approx([own[sample] / own[samples].mean() for sample in chosen], rel=1e-5)
    assert number == len(batches) - 1


@pytest.mark.parametrize("classes", [["false", "true"], ["a", "b", "c"], None])
def test_all_ways_give_the_same_bits_epoch_after_epoch(classes: list[str] | None) -> None:
    source = Standin(classes=classes, weights=UNEVEN)
    target, samples = sole_target(source), source.indices("train")
    told = []
    for way in WAYS.values():
        batches = Batches(source, samples, [target], 100, seed=7)
        fed = way(batches)
        epochs = []
        for epoch in (0, 1, 2):
            batches.begin(epoch)
            epochs.append([(part.dtype, part.shape, part.tobytes()) for batch in shown(fed) for part in batch])
        assert all(one != next_ for one, next_ in pairwise(epochs))
        told.append(epochs)
    assert all(other == told[0] for other in told)


@every_way
def test_every_epoch_shows_every_sample_once(way: str) -> None:
    source = Standin()
    samples = source.indices("train")
    batches = Batches(source, samples, [RISES], 100, seed=7)
    fed, everything = WAYS[way](batches), Counter(source.windows(samples, "noise").ravel().tolist())
    for epoch in range(2):
        batches.begin(epoch)
        assert Counter(np.concatenate([noise.ravel() for _, noise, _ in shown(fed)]).tolist()) == everything


def test_weights_are_the_same_to_the_bit_whichever_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through `fit` itself: several epochs, a last batch that is smaller, weights of samples and of classes."""
    source = Standin(weights=UNEVEN)
    training = TrainingParams(epochs=3, batch_size=100, class_weight="balanced", early_stopping=None)
    assert source.indices("train").size % 100
    told = []
    for small, prefetch in ((0, 2), (feed.SMALL, 1)):
        monkeypatch.setattr(feed, "SMALL", small)
        done = train(source, MODEL, training.model_copy(update={"prefetch": prefetch}))
        told.append((done.weights_digest, done.history))
    assert told[0] == told[1]


@pytest.mark.parametrize("way", ["numpy", "tensorflow"])
def test_fit_shows_each_epoch_in_its_own_order_whichever_comes_first(way: str) -> None:
    """Keras looks at batches before it begins, and opens the next epoch at the end of one: neither moves the order."""
    seen: list[np.ndarray] = []

    class Witness(keras.Model):
        def train_step(self, data: Any) -> dict[str, Any]:
            seen.append(data[0]["noise"].numpy().ravel())
            return super().train_step(data)

    source = Standin(bars=60)
    batches = Batches(source, source.indices("train"), [RISES], 10, seed=7)
    graph = build(source, graph_of(source, resolve({"family": "dense", "units": [2]})))
    model = Witness(graph.inputs, graph.outputs)
    model.compile("sgd", "binary_crossentropy", run_eagerly=True)
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: batches.begin(epoch))
    model.fit(WAYS[way](batches), epochs=4, initial_epoch=1, callbacks=[order], verbose=0, shuffle=False)
    for epoch in (1, 2, 3):
        batches.begin(epoch)
        count = len(batches)
        mine, seen = seen[:count], seen[count:]
        wanted = [batches[number][0]["noise"].ravel() for number in range(count)]
        assert np.array_equal(np.concatenate(mine), np.concatenate(wanted))
    assert not seen


def test_the_way_goes_by_how_many_bars_a_batch_shows() -> None:
    source = Standin()
    small, large = (Batches(source, np.arange(9), [RISES], size) for size in (512, 13_000 * 12))
    assert small.bars == 512 * (source.window + 1)
    assert not isinstance(feed.feed(small), feed.Feed)
    assert isinstance(feed.feed(large), feed.Feed)
