"""Parallel work: one door, a `concurrent.futures.Executor`, whoever stands behind it.

Here these are processes of this machine, or this process itself; with `TRADING_ML_CLUSTER` it is a Dask cluster whose
workers see the same data root. Work is a function that can be pickled, of a task that can; it must come to the same
whoever does it, for work that is lost with its process is done again.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from multiprocessing import get_context
from types import TracebackType
from typing import Any, Self, TypeVar

from trading_ml.core.errors import BadInput, Refused
from trading_ml.core.settings import Settings

ATTEMPTS = 3
"""How often work may end the process that does it before it is given up."""
K = TypeVar("K")
T = TypeVar("T")
R = TypeVar("R")
Opened = AbstractContextManager[Executor]


class Lost(Refused):
    """Work that ended each process that did it."""


class Inline(Executor):
    """Does the work when it is submitted, in this process.

    Example:
        >>> Inline().submit(max, 1, 2).result()
        2
    """

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """Do it; an error is the future's, but an interrupt goes through."""
        future: Future[R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  raised where the result is asked for
            future.set_exception(error)
        return future


class Processes(ProcessPoolExecutor):
    """Processes that begin from nothing (spawned, so that no thread or lock is copied) and never outlive this one.

    Each waits for the end of a pipe whose other end is here: when this process is killed, or leaves the block by an
    error or an interrupt, they end at once, with whatever they do. Ctrl-C is left to this process.
    """

    def __init__(self, workers: int) -> None:
        """At most `workers` of them, each started when there is work for it."""
        context = get_context("spawn")
        reader, self._leash = context.Pipe(duplex=False)
        super().__init__(workers, mp_context=context, initializer=_leashed, initargs=(reader,))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Wait for what is under way; after an error do not."""
        if kind is not None:
            self._leash.close()
        return super().__exit__(kind, error, trace)


def executor(workers: int) -> Opened:
    """Who does work here, `workers` pieces at once; to be entered, which gives the `Executor`.

    With one worker it is this process. Where `TRADING_ML_CLUSTER` names the scheduler of a Dask cluster, it is that.

    Example:
        >>> with executor(1) as pool:
        ...     pool.submit(max, 1, 2).result()
        2
    """
    if address := Settings().cluster:
        return _cluster(address)
    return Inline() if workers == 1 else Processes(workers)


class Workers:
    """Whoever does work, so many pieces at once; made anew when a process dies.

    Args:
        at_once: Pieces of work under way at any time.
        given: An executor to be used as it is; it is neither shut down nor made anew. None: that of `executor`.

    Example:
        >>> with Workers(1) as workers:
        ...     dict(workers.run(abs, {"a": -1, "b": 2}))
        {'a': 1, 'b': 2}
    """

    def __init__(self, at_once: int, given: Executor | None = None) -> None:
        self.at_once, self._given = at_once, given
        self._stack, self._pool = ExitStack(), given

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: Any) -> None:
        self._stack.__exit__(*raised)

    def run(
        self, work: Callable[[T], R], tasks: Mapping[K, T], on_lost: Callable[[K, int], None] = lambda key, times: None
    ) -> Iterator[tuple[K, R | Lost]]:
        """Do all tasks, begun in their order as there is room; gives each result as soon as it is there.

        When a process dies, whatever was under way is lost, and nobody knows whose fault it was. Each lost task is then
        done again by itself; one that has ended `ATTEMPTS` processes is given up, and its result is a `Lost`. A Dask
        cluster does the same by itself (`distributed.scheduler.allowed-failures`).

        Args:
            work: What is done with a task.
            tasks: By a key that names them.
            on_lost: Told each key that was lost, and how often it was until now.

        Raises:
            Whatever the work raises. Lost: when an executor that was given is broken.
        """
        waiting = deque(tasks)
        while waiting:
            lost = yield from self._until_broken(work, tasks, waiting)
            for key in lost:
                yield key, self._alone(work, tasks[key], partial(on_lost, key), str(key))

    def _until_broken(
        self, work: Callable[[T], R], tasks: Mapping[K, T], waiting: deque[K]
    ) -> Generator[tuple[K, R], None, list[K]]:
        """Do what is waiting; where the executor breaks, the keys of what was under way are the answer."""
        running: dict[Future[R], K] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.at_once:
                    key = waiting.popleft()
                    running[self._submit(work, tasks[key])] = key
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                whole = [each for each in running if each in done and not _is_broken(each)]
                for future in whole:
                    yield running.pop(future), future.result()
                if len(whole) < len(done):
                    break
            return list(running.values())
        finally:
            for future in running:
                future.cancel()

    def _alone(self, work: Callable[[T], R], task: T, on_lost: Callable[[int], None], name: str) -> R | Lost:
        """Do again what was lost once."""
        for times in range(1, ATTEMPTS):
            on_lost(times)
            self._renew()
            future = self._submit(work, task)
            if not _is_broken(future):
                return future.result()
        self._renew()
        return Lost(name, f"ended its process {ATTEMPTS} times", "it may need more memory than there is")

    def _submit(self, work: Callable[[T], R], task: T) -> Future[R]:
        if self._pool is None:
            self._pool = self._stack.enter_context(executor(self.at_once))
        try:
            return self._pool.submit(work, task)
        except BrokenExecutor as error:  # it broke since it was last looked at: as if the task had been under way
            future: Future[R] = Future()
            future.set_exception(error)
            return future

    def _renew(self) -> None:
        """Leave the executor, which is broken."""
        if self._given:
            raise Lost("executor", "is broken: a process of it died", "make it anew, and give that")
        self._stack.close()
        self._pool = None


def _is_broken(future: Future[Any]) -> bool:
    """Whether a future, waited for, was lost with its executor."""
    return isinstance(future.exception(), BrokenExecutor)


def _leashed(leash: Any) -> None:
    """Begin a process of `Processes`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(leash,), daemon=True).start()


def _follow(leash: Any) -> None:
    with suppress(EOFError):
        leash.recv()
    os._exit(1)


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    """The executor of a Dask cluster."""
    try:
        from distributed import Client
    except ImportError:
        raise BadInput(
            "TRADING_ML_CLUSTER", "needs Dask, which is not installed", "install the extra `cluster`"
        ) from None
    try:
        client = Client(address)
    except (OSError, ValueError) as error:
        raise BadInput(f"TRADING_ML_CLUSTER {address}", f"cannot be reached: {error}", "start its scheduler") from error
    with client:
        yield client.get_executor(pure=False)
