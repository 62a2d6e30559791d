"""Checkpoints: all that decides how a training goes on after an epoch, so that a broken one ends in the same weights.

The order of samples needs no keeping, since it depends on seed and epoch alone: a broken epoch begins again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from trading_ml.core.lake import Lake, publish

Arrays = Sequence[NDArray[Any]]
_SPARE = 2  # that stay while training: should the newest be damaged, there is another one
_COUNTED = ("wait", "best", "best_epoch", "stopped_epoch")


@dataclass(frozen=True)
class Checkpoint:
    """Where a training stood after an epoch."""

    history: tuple[dict[str, float], ...]
    """Metrics after each epoch."""
    stopped: bool
    """Whether early stopping ended it there."""
    stopping: Mapping[str, float]
    """What early stopping counts."""
    arrays: Mapping[str, Arrays]
    """`model`: weights and states of dropout; `optimizer`: steps and slots; `seeds`: Keras's own; `best`: weights."""

    @classmethod
    def of(cls, model: Any, stopping: Any | None, history: Sequence[dict[str, float]]) -> Checkpoint:
        """Where a training stands.

        Args:
            model: The Keras model, compiled.
            stopping: Keras's early stopping, where there is one.
            history: Metrics after each epoch.
        """
        variables = {name: [v.numpy() for v in found] for name, found in _variables(model).items()}
        best = (stopping and stopping.best_weights) or []
        counted = {name: getattr(stopping, name) for name in _COUNTED} if stopping else {}
        return cls(tuple(history), bool(model.stop_training), counted, variables | {"best": best})

    def next(self, epochs: int) -> int:
        """The epoch to begin, counted from 0; of `epochs` there is none left where it was stopped."""
        return epochs if self.stopped else len(self.history)

    def restore(self, model: Any, stopping: Any | None) -> None:
        """Put a model, built and compiled alike, and its early stopping where they stood."""
        for name, variables in _variables(model, with_seeds=bool(self.arrays["seeds"])).items():
            _assign(variables, self.arrays[name])
        if stopping:
            vars(stopping).update(self.stopping, best_weights=list(self.arrays["best"]) or None)

    def give_weights(self, model: Any) -> None:
        """Put weights alone into a model that is built alike, and need not be compiled."""
        _assign(model.variables, self.arrays["model"])


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one training, one file an epoch; who writes them holds the lock of its model key."""

    lake: Lake
    folder: Path
    keep: int = 0
    """How many, the newest, are to stay for good."""

    @classmethod
    def at(cls, lake: Lake, project: str, key: str, keep: int = 0) -> Checkpoints:
        """The checkpoints of the model with this key."""
        return cls(lake, lake.path("checkpoints", project, key), keep)

    def save(self, checkpoint: Checkpoint) -> None:
        """Publish a checkpoint in one rename, then remove the old ones."""
        epoch = len(checkpoint.history)
        arrays = {f"{name}/{n}": array for name, all_ in checkpoint.arrays.items() for n, array in enumerate(all_)}
        told = {"history": checkpoint.history, "stopped": checkpoint.stopped, "stopping": checkpoint.stopping}
        with self.lake.staging() as folder:
            with (folder / "new").open("wb") as file:
                np.savez(file, told=np.array(json.dumps(told)), **arrays)  # pyright: ignore[reportArgumentType]
            publish(folder / "new", self.folder / f"{epoch:06d}.npz")
        self._leave(max(self.keep, _SPARE))

    def newest(self) -> Checkpoint | None:
        """The newest one that is whole, where there is one; what is damaged is passed over."""
        return next(_whole(self._files()), None)

    def epochs(self) -> list[int]:
        """Epochs, from 1, after which there is one."""
        return sorted(int(path.stem) for path in self._files())

    def after(self, epoch: int) -> Checkpoint | None:
        """The one after an epoch, from 1; None where it is not there, or damaged."""
        wanted = [path for path in self._files() if int(path.stem) == epoch]
        return next(_whole(wanted), None)

    def done(self) -> None:
        """The training came to its version: only what is to stay for good stays."""
        self._leave(self.keep)
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _leave(self, count: int) -> None:
        for path in self._files()[count:]:
            path.unlink()

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.npz"), reverse=True)


def _whole(paths: Sequence[Path]) -> Iterator[Checkpoint]:
    """Those that can be read; a file may be damaged, or go while its training goes on."""
    for path in paths:
        try:
            yield _read(path)
        except (BadZipFile, EOFError, ValueError, FileNotFoundError):
            continue


def _assign(variables: Sequence[Any], values: Arrays) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _read(path: Path) -> Checkpoint:
    """What a file holds; the archive has a checksum of every array, which is looked at while reading it."""
    arrays: dict[str, list[NDArray[Any]]] = {"model": [], "optimizer": [], "seeds": [], "best": []}
    with np.load(path, allow_pickle=False) as file:
        told = json.loads(str(file["told"]))
        for name in file.files:  # as they were written: in order
            group, _, number = name.partition("/")
            if number:
                arrays[group].append(file[name])
    return Checkpoint(tuple(told["history"]), told["stopped"], told["stopping"], arrays)


def _variables(model: Any, with_seeds: bool = False) -> dict[str, Sequence[Any]]:
    """Variables that change while training; Keras makes its own seed when it is first drawn from, or `with_seeds`."""
    from keras.src.backend.common.global_state import get_global_attribute
    from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR, global_seed_generator

    model.optimizer.build(model.trainable_variables)
    seeds = global_seed_generator() if with_seeds else get_global_attribute(GLOBAL_SEED_GENERATOR)
    return {
        "model": model.variables,
        "optimizer": model.optimizer.variables,
        "seeds": [seeds.state] if seeds else [],
    }
