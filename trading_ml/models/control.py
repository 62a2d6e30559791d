"""Control of a training by requests that other processes leave: pause, go on, stop; and what it tells of itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from trading_ml.core import progress
from trading_ml.core.errors import Refused
from trading_ml.core.lake import Lake
from trading_ml.core.signature import brief
from trading_ml.models.standing import Standing, State, asked, forget, let_go_on, now, request_file, tell

LOOK_SECONDS = 0.25
"""Between two looks for a request."""
_TELL_SECONDS = 2.0  # between two updates of the file within an epoch
_FINE = 1000  # parts of an epoch that a progress bar shows


class Stopped(Refused):
    """A training ended because somebody asked it to; what it had finished is kept."""


@dataclass
class Control:
    """The training's side: it says where it stands, and does between two batches what is asked.

    Most calls only look at the clock, so it costs next to nothing however short a batch is.
    """

    lake: Lake
    standing: Standing
    on_change: Callable[[Standing], None] = lambda standing: None
    """Called when it was paused and when it goes on."""
    _looked: float = field(default=0.0, init=False)
    _told: float = field(default=0.0, init=False)

    @contextmanager
    def under_way(self) -> Iterator[Control]:
        """The block trains, its model key locked; how it ended stays on record unless it came through."""
        let_go_on(self.lake, self.standing)
        self._tell()
        try:
            yield self
        except Stopped:
            raise
        except Exception as error:
            self._change("failed", f"with {brief(error)}")
            raise
        except BaseException:
            self._change("interrupted")
            raise
        finally:
            let_go_on(self.lake, self.standing)
        forget(self.lake, self.standing.project, self.standing.key)

    def callback(self, steps: int) -> Any:
        """What Keras is to call after each batch, of which an epoch has `steps`."""
        import keras

        return keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: self.step(batch + 1, steps, logs))

    def step(self, step: int, steps: int, logs: Mapping[str, Any] | None = None) -> None:
        """A batch is through, the `step`-th of an epoch of `steps`.

        Raises:
            Stopped: when that was asked.
        """
        if (moment := time.monotonic()) - self._looked < LOOK_SECONDS:
            return
        self._looked = moment
        self.standing = self.standing.model_copy(update={"share": step / steps})
        self._report(self.standing.where + (f": loss {float(logs['loss']):.4f}" if logs and "loss" in logs else ""))
        if moment - self._told >= _TELL_SECONDS:
            self._tell()
        self._obey()

    def epoch(self, number: int, metrics: Mapping[str, float]) -> None:
        """An epoch is through, and kept.

        Raises:
            Stopped: when that was asked.
        """
        self.standing = self.standing.model_copy(update={"epoch": number, "share": 0.0, "metrics": dict(metrics)})
        said = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
        self._report(f"epoch {number} of {self.standing.epochs}: {said}")
        self._tell()
        self._obey()

    def _obey(self) -> None:
        path = request_file(self.lake, self.standing)
        if not os.path.exists(path):  # noqa: PTH110  a third of the time that Path.exists takes
            return
        request = asked(path)
        if request and request.what == "pause":
            self._change("paused", f"by {request.by}")
            self.on_change(self.standing)
            while (request := asked(path)) and request.what == "pause":
                time.sleep(LOOK_SECONDS)
            self._change("training")
            self.on_change(self.standing)
        if request:
            self._change("stopped", f"by {request.by}")
            told, fix = self.standing, f"`{self.standing.resume}` goes on from there"
            raise Stopped(f"training of {told.project}", f"was {told.sentence}", fix)

    def _change(self, state: State, why: str = "") -> None:
        share = 0.0 if state not in ("training", "paused") else self.standing.share
        told = {"state": state, "why": why, "since": now(), "share": share}
        self.standing = self.standing.model_copy(update=told)
        self._report(self.standing.sentence)
        self._tell()

    def _report(self, note: str) -> None:
        told = self.standing
        progress.report(f"{told.project}: epochs", round(_FINE * (told.epoch + told.share)), _FINE * told.epochs, note)

    def _tell(self) -> None:
        self._told = time.monotonic()
        tell(self.lake, self.standing)
