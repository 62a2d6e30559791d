"""The benchmarks run, on next to nothing: what they claim is judged by running them in earnest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import fuzz, market
from benchmarks.__main__ import NAMES
from benchmarks.claim import Place
from benchmarks.measure import Disagreement, _agree, load
from trading_ml.adapters import ADAPTERS, detect

INPUTS = 200


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("benchmarks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(market, "ROWS_A_DAY", 10_000)
        yield Place(folder, ticks=30_000, raw=5_000)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory, market_data: Path) -> list[fuzz.Seed]:
    return fuzz.seeds(market_data, tmp_path_factory.mktemp("simulated"))


SLOW = ("whole", "increment", "proofs", "epochs", "epochs_lstm", "epochs_reference", "reference", "tuning")
"""test_path runs the command of the first; the others prove scripts or train, which other tests do."""


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SLOW])
def test_contenders_give_the_same_answer_and_the_figures_that_are_claimed(
    place: Place, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one process and without the timing: contenders whose libraries are not here are left out."""
    monkeypatch.setattr("benchmarks.access.SLICE", 5_000)
    benchmark = load(name)
    benchmark.prepare(place)
    contenders = {who: each for who, each in benchmark.contenders.items() if each.module is None}
    told = {who: contender.set_up(place)() for who, contender in contenders.items()}
    _agree(name, {who: [figures] for who, figures in told.items()})
    measured = {"wall", "cpu", "whole_wall", "whole_cpu", "peak"}
    for claim in benchmark.claims:
        assert claim.peer in benchmark.contenders
        assert claim.peer not in told or claim.figure in measured | told[claim.peer].keys() & told[claim.ours].keys()


def test_different_answers_are_no_comparison() -> None:
    with pytest.raises(Disagreement, match="duckdb answers 3, not 2"):
        _agree("bars", {"trading_ml": [{"answer": 2}], "duckdb": [{"answer": 3}]})


def test_raw_files_have_as_many_rows_as_asked_and_are_the_vendors(tmp_path: Path) -> None:
    first, second = market.write_raw(tmp_path, 1_001, 600)
    assert [detect(path)[0].name for path in (first, second)] == ["lseg", "lseg"]
    assert sum(chunk.rows for path in (first, second) for chunk in fuzz.chunks_of("lseg", path)) == 1_001


def test_no_spoiled_file_gives_a_traceback_or_loses_a_line(seeds: list[fuzz.Seed], tmp_path: Path) -> None:
    outcomes = list(fuzz.run(seeds, range(INPUTS), tmp_path))
    failures = [outcome for outcome in outcomes if isinstance(outcome, fuzz.Failure)]
    assert not failures, "\n".join(f"python -m benchmarks.fuzz --only {each.number}: {each.told}" for each in failures)
    ways = Counter(map(str, outcomes))
    assert min(ways["read"], ways["refused"]) > INPUTS // 10


def test_bombs_and_links_are_refused_or_quarantined_in_bounded_memory(seeds: list[fuzz.Seed], tmp_path: Path) -> None:
    told = list(fuzz.extremes(seeds[:3], tmp_path, gibibytes=0.02))
    assert "a link nowhere: link_missing: does not exist" in told


def test_the_fuzz_knows_every_adapter_of_which_there_is_a_real_file(seeds: list[fuzz.Seed]) -> None:
    assert {seed.adapter for seed in seeds} <= set(ADAPTERS)
    assert len({seed.adapter for seed in seeds}) > 15
