"""A training that was broken off, anywhere and anyhow, ends in the weights of one that was not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trading_ml.core.lake import Lake
from trading_ml.models import runtime
from trading_ml.models.checkpoint import Checkpoint, Checkpoints
from trading_ml.models.families import resolve
from trading_ml.models.params import ModelParams, TrainingParams
from trading_ml.models.train import Trained, train
from trading_ml_tests.models.standin import Standin

runtime.start()

import keras  # noqa: E402, TID253

SCALE = {"close": "minmax", "noise": "zscore"}
DENSE = resolve({"family": "dense", "units": [8, 4], "dropout": 0.3, "scale": SCALE})
TRAINING = TrainingParams(epochs=30, batch_size=100, learning_rate=0.05, early_stopping=2)


@keras.saving.register_keras_serializable("test_checkpoint")
class Shaken(keras.layers.Layer):
    def call(self, x: object, training: bool = False) -> object:
        return x + keras.random.normal((1,), dtype=x.dtype) if training else x  # pyright: ignore


def shaken() -> Shaken:
    """Noise from Keras's own seed, which is made when it is first drawn from."""
    return Shaken()


GRAPH = resolve(
    {
        "nodes": {
            "close": {"use": "input", "feature": "close"},
            "ranged": {"use": "minmax"},
            "shaken": {"use": f"{__name__}:shaken"},
            "normed": {"use": "batch_norm"},
            "carried": {"use": "lstm", "units": 4, "dropout": 0.3},
            "dropped": {"use": "dropout", "rate": 0.2},
            "rises": {"use": "output", "label": "rises"},
        }
    }
)


@pytest.fixture(scope="module")
def source() -> Standin:
    return Standin(bars=400)


@pytest.fixture(scope="module")
def whole(source: Standin) -> Trained:
    done = train(source, DENSE, TRAINING)
    assert 3 <= done.best_epoch == len(done.history) - 2 < TRAINING.epochs - 2
    return done


def going(source: Standin, model: ModelParams, training: TrainingParams, kept: Checkpoints, *stops: int) -> Trained:
    """Train, broken off after each of the epochs `stops`, until it is through."""

    def stop(epoch: int, metrics: object) -> None:
        told.append(epoch)
        if left and epoch == left[0]:
            del left[0]
            raise KeyboardInterrupt

    left = list(stops)
    for _ in stops:
        told: list[int] = []
        with pytest.raises(KeyboardInterrupt):
            train(source, model, training, stop, kept)
    told = []
    done = train(source, model, training, stop, kept)
    assert told == list(range(1, len(done.history) + 1))
    return done


def test_early_stopping_counts_on_and_stays_stopped(source: Standin, whole: Trained, lake: Lake) -> None:
    kept, last = Checkpoints.at(lake, "p", "k"), len(whole.history)
    done = going(source, DENSE, TRAINING, kept, 1, last - 1, last)
    assert (done.weights_digest, done.best_epoch) == (whole.weights_digest, whole.best_epoch)
    assert done.history == whole.history
    found = kept.newest()
    assert found is not None
    assert found.stopped
    assert found.stopping["best"] == min(metrics["val_loss"] for metrics in whole.history)


def test_every_seed_and_slot_goes_on(source: Standin, lake: Lake) -> None:
    asked = {"epochs": 3, "batch_size": 200, "optimizer": "adamw", "schedule": "cosine", "early_stopping": None}
    asked["precision"] = "mixed_bfloat16"
    training = TrainingParams.parse(asked, "training")
    undisturbed = train(source, GRAPH, training)
    done = going(source, GRAPH, training, Checkpoints.at(lake, "p", "k"), 2)
    assert done.weights_digest == undisturbed.weights_digest
    assert done.history == undisturbed.history
    assert done.best_epoch == 3


def checkpoint(epoch: int) -> Checkpoint:
    history = tuple({"loss": 0.1 + 0.2 * epoch, "val_loss": 1e-300} for epoch in range(epoch))
    arrays = {
        "model": [np.float32([[epoch, np.nan]]), np.uint32([3, 4])],
        "optimizer": [np.int64(step) for step in range(12)],
        "seeds": [],
        "best": [np.ones((3, 2), np.float32)],
    }
    return Checkpoint(history, epoch == 5, {"wait": 1, "best": 1 / 3}, arrays)


def same(found: Checkpoint | None, expected: Checkpoint) -> bool:
    assert found is not None
    assert (found.history, found.stopped, found.stopping) == (expected.history, expected.stopped, expected.stopping)
    assert found.arrays.keys() == expected.arrays.keys()
    for name, arrays in expected.arrays.items():
        for array, other in zip(found.arrays[name], arrays, strict=True):
            assert (array.dtype, array.shape, array.tobytes()) == (other.dtype, other.shape, other.tobytes())
    return True


def test_the_newest_stay_and_a_damaged_one_is_passed_over(lake: Lake) -> None:
    kept = Checkpoints.at(lake, "p", "k", keep=3)
    for epoch in range(1, 6):
        kept.save(checkpoint(epoch))
        assert same(kept.newest(), checkpoint(epoch))
    names = [f"{epoch:06d}.npz" for epoch in (3, 4, 5)]
    assert sorted(path.name for path in kept.folder.iterdir()) == names
    newest = kept.folder / names[-1]
    content = newest.read_bytes()
    flipped = content.replace(np.float32(1).tobytes() * 6, np.float32(2).tobytes() * 6)
    assert flipped != content
    for damaged in (b"", content[: len(content) // 2], content[:-1], flipped):
        newest.write_bytes(damaged)
        assert same(kept.newest(), checkpoint(4))


def test_what_is_not_to_stay_goes_when_the_training_is_done(lake: Lake) -> None:
    kept = Checkpoints.at(lake, "p", "k")
    kept.done()
    for epoch in range(1, 4):
        kept.save(checkpoint(epoch))
    assert sorted(path.stem for path in kept.folder.iterdir()) == ["000002", "000003"]
    Checkpoints.at(lake, "p", "k", keep=1).done()
    assert [path.stem for path in kept.folder.iterdir()] == ["000003"]
    kept.done()
    assert not kept.folder.exists()
    assert kept.newest() is None
    assert not list(lake.path("tmp").iterdir())


KILLED = """
import os, signal, sys
from pathlib import Path
import keras, numpy as np, tensorflow
from trading_ml.core.lake import Lake
from trading_ml.models import checkpoint, feed, train
from trading_ml.models.batches import Batches
from trading_ml_tests.models.test_models_checkpoint import DENSE, TRAINING, Standin

def dies(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def gathered(batches, number):
    return dies() if batches.seed and (batches.epoch, number) == (1, 3) else gather(batches, number)

def half(file, **arrays):
    savez(file, **arrays)
    file.truncate(file.tell() // 2)
    dies()

def published(*given):
    publish(*given)
    dies()

gather, savez, publish = Batches.__getitem__, np.savez, checkpoint.publish
POINTS = {  # in this order, each from where the last one left the training: what is patched, checkpoints then there
    "within epoch 2": (Batches, "__getitem__", gathered, [1]),
    "while one is written": (np, "savez", half, [1]),
    "before it is published": (checkpoint, "publish", dies, [1]),
    "after it is published": (checkpoint, "publish", published, [1, 2]),
    "before the old ones go": (checkpoint.Checkpoints, "_leave", dies, [1, 2, 3]),
    "after the last epoch": (train, "weights_digest", dies, None),
    "nowhere": (train, "Trained", train.Trained, None),
}
lake = Lake(Path(sys.argv[1]))
kept = checkpoint.Checkpoints.at(lake, "p", "k")
for point, (thing, name, new, left) in POINTS.items():
    if not (child := os.fork()):
        feed.SMALL = feed.SMALL if new is not gathered else 0
        setattr(thing, name, new)
        print(train.train(Standin(bars=400), DENSE, TRAINING, checkpoints=kept).weights_digest, flush=True)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) == (point != "nowhere"), point
    there = sorted(int(path.stem) for path in kept.folder.iterdir())
    assert there == (left or there[-2:]), (point, there)
"""


@pytest.mark.slow
def test_killed_at_any_point_it_goes_on_to_the_same_weights(whole: Trained, lake: Lake) -> None:
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(lake.root)], capture_output=True, text=True, check=False, cwd=Path.cwd()
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == [whole.weights_digest]
    lake.sweep()
    assert not list(lake.path("tmp").iterdir())
