"""Where trainings stand, and what is asked of them, from whichever process.

Below `trainings/<project>/` of the data root lies a small file for every training that has not come through, named by
its model key, and beside it what is asked of it. Whoever trains a model holds the lock of its key, and the kernel frees
that when the process dies: what is live and what was broken off is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from trading_ml.core.lake import Lake
from trading_ml.core.params import Params
from trading_ml.core.user import user

_ROOM = "trainings"
State = Literal["training", "paused", "stopped", "interrupted", "failed", "died"]
Wish = Literal["pause", "stop"]


class Standing(Params):
    """Where a training stands."""

    project: str
    key: str
    """The model key."""
    run: str
    """Its run in MLflow."""
    dataset: str
    """Digest of the dataset."""
    epochs: int
    """Epochs at most."""
    epoch: int = 0
    """Whole epochs so far."""
    share: float = 0.0
    """Of the epoch under way, the share of its steps that is done."""
    metrics: dict[str, float] = {}
    """After the last whole epoch."""
    state: State = "training"
    why: str = ""
    """Who paused or stopped it, or what broke it off."""
    since: datetime
    """When it came to this state."""

    @property
    def live(self) -> bool:
        """Whether a process holds it."""
        return self.state in ("training", "paused")

    @property
    def where(self) -> str:
        """How far it is, for people.

        Example:
            >>> told = {"project": "p", "key": "k", "run": "r", "dataset": "d", "epochs": 20, "epoch": 3, "share": 0.45}
            >>> Standing(**told, since=datetime(2026, 1, 1)).where
            'epoch 4 of 20, 45 %'
        """
        if self.live and self.epoch < self.epochs:
            return f"epoch {self.epoch + 1} of {self.epochs}, {100 * self.share:.0f} %"
        return f"after epoch {self.epoch} of {self.epochs}"

    @property
    def sentence(self) -> str:
        """State, reason and place, for people."""
        return f"{self.state}{f' {self.why}' if self.why else ''}, {self.where}"

    @property
    def resume(self) -> str:
        """The command by which it goes on."""
        return f"trading-ml training resume {self.project}"


class Request(Params):
    """What is asked of a training."""

    what: Wish
    by: str


@contextmanager
def alone(lake: Lake, project: str, key: str, wait: bool = True) -> Iterator[bool]:
    """The right to train the model with this key, which one process at a time has; gives whether the block has it."""
    with lake.lock(_ROOM, project, key, wait=wait) as mine:
        yield mine


def standings(lake: Lake, project: str = "*") -> list[Standing]:
    """Trainings of a project, or of all, that have not come through, the newest state first."""
    found = [_as_it_is(lake, path) for path in lake.path(_ROOM).glob(f"{project}/*.json")]
    return sorted(filter(None, found), key=lambda told: told.since, reverse=True)


def ask(lake: Lake, standing: Standing, what: Wish, by: str | None = None) -> None:
    """Ask a training to pause or to stop; it looks for requests a few times a second."""
    request = Request(what=what, by=by or user())
    lake.write_bytes(request_file(lake, standing), request.model_dump_json().encode())


def asked(path: Path) -> Request | None:
    """What is asked in a request file; None where there is none."""
    try:
        return Request.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None


def let_go_on(lake: Lake, standing: Standing) -> None:
    """Take back what was asked of a training."""
    request_file(lake, standing).unlink(missing_ok=True)


def request_file(lake: Lake, standing: Standing) -> Path:
    """Where a request to a training lies."""
    return _file(lake, standing.project, standing.key).with_suffix(".request")


def tell(lake: Lake, standing: Standing) -> None:
    """Renew a training's file in one rename; it need not outlive a loss of power, so nothing waits for the disk."""
    path = _file(lake, standing.project, standing.key)
    with lake.staging() as folder:
        (folder / "new").write_text(standing.model_dump_json(), "utf-8")
        path.parent.mkdir(parents=True, exist_ok=True)
        (folder / "new").replace(path)


def forget(lake: Lake, project: str, key: str) -> None:
    """A training came through: nothing about it waits any more."""
    _file(lake, project, key).unlink(missing_ok=True)


def now() -> datetime:
    """The time at which a state begins."""
    return datetime.now(UTC)


def _as_it_is(lake: Lake, path: Path) -> Standing | None:
    """What a file says, unless its process has died since; None where its training came through meanwhile."""
    told = _read(path)
    if told is None or not told.live:
        return told
    with alone(lake, told.project, told.key, wait=False) as free:
        last = _read(path) if free else told
        return last.model_copy(update={"state": "died", "share": 0.0}) if free and last and last.live else last


def _read(path: Path) -> Standing | None:
    try:
        return Standing.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None


def _file(lake: Lake, project: str, key: str) -> Path:
    return lake.path(_ROOM, project, f"{key}.json")
