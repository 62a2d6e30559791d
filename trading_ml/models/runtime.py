"""TensorFlow, started once per process: quiet, deterministic, on a known number of threads."""

from __future__ import annotations

import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from random import Random

from trading_ml.core.errors import BadParams

THREADS = 2
_CHATTER = re.compile(rb"(WARNING: All log messages before absl|I0000 ).*\n?")


def start(threads: int | None = None) -> None:
    """Start TensorFlow on `threads` threads; without a wish, on 2 or on whatever it already runs.

    TensorFlow fixes the number when its first operation runs, so a later wish for another one cannot be met.

    Raises:
        BadParams: when TensorFlow already runs in this process on another number of threads.
    """
    with quietly():
        import tensorflow as tf

    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of every fifth model of a process
    running = tf.config.threading.get_intra_op_parallelism_threads()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads or running or THREADS)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        if threads in (None, running):
            return
        raise BadParams(
            "training.threads",
            f"is {threads}, but TensorFlow already runs on {running or 'all'} threads in this process",
            "train with the same number, or in a process of its own",
        ) from None
    tf.config.experimental.enable_op_determinism()


@contextmanager
def quietly() -> Iterator[None]:
    """Around what imports TensorFlow, or may do so, such as a user's module."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with nullcontext() if "tensorflow" in sys.modules else _hushed():
        yield


@contextmanager
def on(device: str) -> Iterator[None]:
    """Compute on a device, `cpu` or `gpu:N`; TensorFlow is started.

    Raises:
        BadParams: when there is no such device.
    """
    import keras
    import tensorflow as tf

    there = [f"gpu:{number}" for number in range(len(tf.config.list_physical_devices("GPU")))]
    if device != "cpu" and device not in there:
        problem = f"is {device}, but TensorFlow sees {', '.join(there) or 'no GPU'} here"
        raise BadParams("training.device", problem, f"known: {', '.join(['cpu', *there])}")
    with keras.device("cpu:0" if device == "cpu" else device) if there else nullcontext():
        yield


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Initial weights and dropout of models built in the block follow from `seed`, whatever other threads draw then.

    Keras draws their seeds from Python's generator, which is one for all threads: a Dask worker's event loop draws too.
    """
    import keras
    from keras.src.random import seed_generator

    keras.utils.set_random_seed(seed)
    everybodys = seed_generator.python_random
    seed_generator.python_random = Random(seed)
    try:
        yield
    finally:
        seed_generator.python_random = everybodys


def environment(threads: int) -> dict[str, str]:
    """What beside parameters and data decides the last bits of the weights."""
    packages = {name: version(name) for name in ("tensorflow", "keras", "numpy")}
    return packages | {"threads": str(threads), "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default")}


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep what TensorFlow's libraries write to stderr while loading, which no setting turns off, out of sight."""
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(shown, 2)
            os.close(shown)
            caught.seek(0)
            os.write(2, _CHATTER.sub(b"", caught.read()))
