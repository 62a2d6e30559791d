"""A witness: another process that evaluates the same scripts on the same bars, and has seen nothing else before.

It has another number of threads, another hash seed, another time zone, and a clock that is years off, so values that
depend on any of these differ. It is shown the beginning of the bars before all of them, so a script that remembers
what it saw earlier is found out, and one that differs between its first call and later ones. One process serves all
scripts of a project, because starting it takes longer than a statement.
"""

from __future__ import annotations

import datetime as calendar
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, NamedTuple, Self

import polars as pl

from trading_ml.core.errors import TradingError
from trading_ml.core.origin import made_of
from trading_ml.core.script import Bound, load

_YEARS_OFF = timedelta(days=4_219, hours=7, minutes=13)
_SHARES = (0.4, 0.7, 1.0, 0.4)
"""Of the bars, in this order; the last time what was seen first."""


class Statement(NamedTuple):
    """What a script makes of the beginning of some bars, of more of them, of all, and of the beginning again."""

    first: pl.DataFrame
    more: pl.DataFrame
    whole: pl.DataFrame
    again: pl.DataFrame

    @classmethod
    def of(cls, bound: Bound, bars: pl.DataFrame) -> Statement:
        """Evaluate in that order."""
        return cls(*(bound.evaluate(bars.head(int(share * bars.height))) for share in _SHARES))


class Witness(AbstractContextManager["Witness"]):
    """The other process; it starts when first asked, and ends with the `with` block.

    Example:
        >>> with Witness() as witness:
        ...     knows = witness.knows(load("sma", "feature").bind({}))
        >>> knows  # a built-in script: the contract tests have asked about it
        False
    """

    def __init__(self) -> None:
        self._stack, self._process, self._folder = ExitStack(), None, Path()

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._stack.close()
        self._process = None

    @staticmethod
    def knows(bound: Bound) -> bool:
        """Whether the script is somebody's own and can be imported in another process."""
        function = bound.script.function
        try:
            return not function.__module__.startswith("trading_ml.") and _same(bound)
        except TradingError:
            return False

    def ask(self, bound: Bound, bars: pl.DataFrame) -> Statement | str:
        """The statement on a script and some bars, or in a few words why there is none."""
        process = self._process = self._process or self._start()
        bars.write_ipc(self._folder / "bars")
        asked = {"use": bound.script.use, "kind": bound.script.kind, "params": bound.params.model_dump(mode="json")}
        print(json.dumps(asked | {"folder": str(self._folder)}), file=process.stdin, flush=True)
        if not (line := process.stdout and process.stdout.readline()):
            self._process = None
            return "takes a fresh process down"
        answer = json.loads(line)
        if "failed" in answer:
            return f"cannot be evaluated in a fresh process: {answer['failed']}"
        if answer["digest"] != bound.digest:
            return "has changed since it was loaded; start again"
        return Statement(*(pl.read_ipc((self._folder / name).read_bytes()) for name in Statement._fields))

    def _start(self) -> subprocess.Popen[str]:
        self._folder = Path(self._stack.enter_context(TemporaryDirectory()))
        threads = "1" if pl.thread_pool_size() > 1 else "2"
        other = {"POLARS_MAX_THREADS": threads, "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        other |= {"PYTHONHASHSEED": "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1", "TZ": "Pacific/Chatham"}
        process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **other, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )  # fmt: skip
        self._stack.callback(_end, process)
        return process


def _end(process: subprocess.Popen[str]) -> None:
    with suppress(BrokenPipeError):
        process.communicate()


def _same(bound: Bound) -> bool:
    return load(bound.script.use, bound.script.kind).function is bound.script.function


def state() -> None:
    """Answer requests on stdin, one line of JSON each, until there are no more."""
    answers, sys.stdout = sys.stdout, sys.stderr  # a script may print
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


def _answer(asked: Mapping[str, Any]) -> dict[str, str]:
    folder = Path(asked["folder"])
    try:
        bound = load(asked["use"], asked["kind"]).bind(asked["params"])
        with _years_off(made_of(bound.script.function, bound.script.use)):
            statement = Statement.of(bound, pl.read_ipc((folder / "bars").read_bytes()))
    except TradingError as error:
        return {"failed": str(error)}
    for name, frame in statement._asdict().items():
        frame.write_ipc(folder / name)
    return {"digest": bound.digest}


@contextmanager
def _years_off(modules: Iterable[str]) -> Iterator[None]:
    """Let what some modules call now be another year; libraries stay as they are."""
    pairs = (datetime, _Datetime), (date, _Date), (time.time, _time), (time.time_ns, _time_ns)
    others: dict[int, Any] = {id(true): other for true, other in pairs}
    for module in (calendar, time):
        others[id(module)] = SimpleNamespace(**{name: others.get(id(v), v) for name, v in vars(module).items()})
    with ExitStack() as stack:
        for module in (sys.modules[name] for name in modules if name in sys.modules):
            for name, value in list(vars(module).items()):
                if id(value) in others:
                    stack.callback(setattr, module, name, value)
                    setattr(module, name, others[id(value)])
        yield


class _Alike(type):
    """True dates and times count as instances of these classes too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])


class _Datetime(datetime, metaclass=_Alike):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + _YEARS_OFF

    @classmethod
    def utcnow(cls) -> Self:
        return super().utcnow() + _YEARS_OFF

    @classmethod
    def today(cls) -> Self:
        return super().today() + _YEARS_OFF


class _Date(date, metaclass=_Alike):
    @classmethod
    def today(cls) -> Self:
        return super().today() + _YEARS_OFF


def _time(true: Callable[[], float] = time.time) -> float:
    return true() + _YEARS_OFF.total_seconds()


def _time_ns(true: Callable[[], int] = time.time_ns) -> int:
    return true() + int(_YEARS_OFF.total_seconds()) * 10**9


if __name__ == "__main__":
    state()
