from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trading_ml.core.errors import BadInput
from trading_ml.core.parallel import ATTEMPTS, Inline, Lost, Workers, executor

ORPHAN = """
import sys
from trading_ml.core.parallel import Workers
from trading_ml_tests.core.test_parallel import stay
if __name__ == "__main__":
    with Workers(2) as workers:
        list(workers.run(stay, {name: sys.argv[1] + "/" + name for name in "ab"}))
"""


def square(number: int) -> int:
    return number * number


def fussy(task: tuple[str, int, int]) -> int:
    """Ends its process the first so many times that it is done; each attempt leaves a line in the file."""
    path, number, deaths = task
    with Path(path).open("a") as file:
        file.write(f"{number}\n")
    if Path(path).read_text().split().count(str(number)) <= deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def stay(path: str) -> None:
    Path(path).write_text(str(os.getpid()))
    time.sleep(60)


def test_one_worker_is_this_process() -> None:
    with Workers(1) as workers:
        assert dict(workers.run(lambda _: os.getpid(), {1: None})) == {1: os.getpid()}


def test_results_come_as_they_are_done_and_no_more_is_begun_than_there_is_room_for() -> None:
    begun: list[int] = []
    with Workers(1) as workers:
        for key, result in workers.run(lambda n: begun.append(n) or n, {n: n for n in range(4)}):
            assert begun == list(range(key + 1))
            assert result == key


def test_a_given_executor_is_used_and_left_open() -> None:
    with ThreadPoolExecutor(2) as pool:
        with Workers(2, given=pool) as workers:
            assert dict(workers.run(square, {n: n for n in range(9)})) == {n: n * n for n in range(9)}
        assert pool.submit(square, 3).result() == 9


@pytest.mark.parametrize("at_once", [1, 2])
def test_an_error_of_the_work_is_raised(at_once: int) -> None:
    with ThreadPoolExecutor(2) as pool, Workers(at_once, given=pool) as workers, pytest.raises(ZeroDivisionError):
        list(workers.run(lambda n: 1 // n, {1: 1, 0: 0}))


def test_an_interrupt_goes_through_at_once() -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Inline().submit(interrupted, 1)


def test_what_a_dead_process_did_is_done_again_and_what_kills_it_every_time_is_given_up(tmp_path: Path) -> None:
    """Of five, number 1 kills its process once, number 3 always; its neighbours come through."""
    path, told = str(tmp_path / "attempts"), []
    deaths = {1: 1, 3: 99}
    tasks = {number: (path, number, deaths.get(number, 0)) for number in range(5)}
    with Workers(2) as workers:
        found = dict(workers.run(fussy, tasks, lambda number, times: told.append((number, times))))
    gone = found.pop(3)
    assert found == {0: 0, 1: 1, 2: 2, 4: 4}
    assert isinstance(gone, Lost)
    assert str(gone).startswith(f"3: ended its process {ATTEMPTS} times")
    assert {(1, 1), (3, 1), (3, 2)} <= set(told)
    assert all(times == 1 for number, times in told if number not in deaths)


def test_processes_do_not_outlive_the_one_that_began_them(tmp_path: Path) -> None:
    (tmp_path / "orphan.py").write_text(ORPHAN)
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, tmp_path / "orphan.py", tmp_path], env=env) as parent:
        files = [tmp_path / "a", tmp_path / "b"]
        _until(lambda: all(file.exists() and file.read_text() for file in files))
        parent.kill()
    _until(lambda: not any(Path("/proc", file.read_text()).exists() for file in files))


def test_a_cluster_that_is_not_there_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADING_ML_CLUSTER", "nonsense://nowhere:1")
    with pytest.raises(BadInput, match="TRADING_ML_CLUSTER nonsense"), executor(2):
        pass


def _until(holds: object, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not holds():  # pyright: ignore[reportCallIssue]
        assert time.monotonic() < end
        time.sleep(0.05)
