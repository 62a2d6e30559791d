"""Planted leaks are caught, honest scripts pass, and the proof says which row moved, by how much, after which cut."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from trading_ml.core.crafted import crafted
from trading_ml.core.errors import LookAhead, Refused
from trading_ml.core.lake import Lake
from trading_ml.core.script import Bound, Script, load
from trading_ml.core.signature import params_of
from trading_ml.core.witness import Statement, Witness
from trading_ml.features import check
from trading_ml.features.proof import FeatureProof, prove, prove_and_store, require
from trading_ml_tests.features import fatal, honest, leaking

CLOSE, VOLUME = pl.col("close"), pl.col("volume")


def scripts(module: ModuleType) -> list[str]:
    """Names of the scripts of a module: its functions without positional parameters."""
    own = [f for f in vars(module).values() if inspect.isfunction(f) and f.__module__ == module.__name__]
    return [f.__name__ for f in own if not inspect.signature(f).parameters]


def planted(module: ModuleType, name: str) -> Bound:
    return load(f"{module.__name__}:{name}", "feature").bind({})


def bound_of(function: Callable[..., Any]) -> Bound:
    return Script(function.__name__, "feature", function, params_of(function, function.__name__)).bind({})


@pytest.fixture(scope="module")
def witness() -> Iterator[Witness]:
    with Witness() as asked:
        yield asked


UNREPEATABLE = {
    "again": ("gives other values when evaluated again on the same bars", {
        "noise_without_seed", "remembers_the_future"}),
    "first": ("gives other values at its first call than later", {"other_at_its_first_call"}),
    "fresh": ("gives other values in a fresh process with other threads, hash seed, time zone and date", {
        "clock_dependent", "date_dependent_inside", "slower_by_the_second", "hash_dependent",
        "jitter_of_the_expression", "fitted_at_its_first_call", "cached_by_length"}),
}  # fmt: skip
DOUBTFUL = {name: said for said, names in UNREPEATABLE.values() for name in names}


@pytest.mark.parametrize("name", sorted(set(scripts(leaking)) - set(DOUBTFUL)))
def test_planted_leaks_are_caught_and_named(name: str, witness: Witness) -> None:
    proof = prove(planted(leaking, name), witness=witness)
    assert not proof.passed
    assert not proof.lookahead.passed
    moved = rf"'{name}' of row \d+ \(closing 202[34]-\S+Z\) moved from \S+ to \S+ when the bars after (it|row \d+) "
    assert re.search(f"reads what was not yet known: {moved}", "; ".join(proof.reasons)), proof.reasons


@pytest.mark.parametrize("name", sorted(DOUBTFUL))
def test_scripts_that_are_not_the_same_twice_are_caught_and_named(name: str, witness: Witness) -> None:
    proof = prove(planted(leaking, name), witness=witness)
    assert (proof.passed, proof.deterministic) == (False, False)
    assert proof.witnessed
    said = rf"{DOUBTFUL[name]}: '{name}' of row \d+ \(closing \S+Z\) is \S+ or \S+"
    assert re.search(said, "; ".join(proof.reasons)), proof.reasons


@pytest.mark.parametrize("name", scripts(honest))
def test_tricky_honest_scripts_raise_no_alarm(name: str, witness: Witness) -> None:
    proof = prove(planted(honest, name), witness=witness)
    assert proof.passed, proof.reasons
    assert proof.witnessed
    assert proof.lookahead.rows_tested > 3_600
    assert proof.partition_invariance.worst <= 1e-9


def test_at_least_sixty_leaks_are_planted() -> None:
    assert len(scripts(leaking)) >= 60
    assert set(DOUBTFUL) <= set(scripts(leaking))


def test_the_witness_serves_many_scripts_and_outlives_one_that_kills_it() -> None:
    with Witness() as asked:
        bars = crafted()
        assert asked.ask(planted(fatal, "ends_the_process"), bars) == "takes a fresh process down"
        assert isinstance(asked.ask(planted(honest, "z_score"), bars), Statement)


def test_a_leak_hidden_in_columns_that_no_expression_names_is_caught() -> None:
    def everything() -> pl.Expr:
        return pl.struct(pl.all()).map_batches(
            lambda s: s.struct.field("volume").shift(-1).fill_null(0.0), return_dtype=pl.Float64
        )

    assert not prove(bound_of(everything)).lookahead.passed


@pytest.mark.parametrize("total", [CLOSE.cum_sum(), (CLOSE.diff().sign() * VOLUME).cum_sum(), CLOSE.cum_max()])
def test_sums_since_the_beginning_are_refused(total: pl.Expr) -> None:
    def since_ever() -> dict[str, pl.Expr]:
        return {"total": total}

    proof = prove(bound_of(since_ever))
    assert (proof.passed, proof.lookahead.passed, proof.warm_up) == (False, True, None)
    assert re.match(r"has no finite warm-up: 'total' still depends on bars [\d,]+ back; anchor it", proof.reasons[0])


def test_real_bars_are_judged_too() -> None:
    """A script that leaks only on what no simulated bar shows is caught on real ones, and the power is told."""

    def at_one_number_of_trades() -> pl.Expr:
        return pl.when(pl.col("trades") == 77_777).then(CLOSE.shift(-1)).otherwise(CLOSE)

    rare = pl.when(pl.int_range(pl.len()) % 1_000 == 617).then(77_777).otherwise("trades")
    proof = prove(bound_of(at_one_number_of_trades), crafted(3_000).with_columns(trades=rare))
    assert not proof.passed
    assert proof.lookahead.detail.startswith("on real bars 'at_one_number_of_trades' of row")
    power = proof.lookahead.real
    assert power is not None
    assert (power.rows_tested, power.share) == (2_999, 0.9997)
    assert power.one_in == int(1 / (1 - 0.01 ** (1 / 2_999)))
    assert set(power.conditions) >= {"before a session", "after a gap", "spike", "no volume", "after a month"}


def test_real_bars_refuse_what_remembers_longer_on_them() -> None:
    """An event that comes every 131 crafted bars may be a rare one on real bars."""

    def since_burst() -> pl.Expr:
        return pl.when(VOLUME > 400_000).then(CLOSE).forward_fill()

    bound = bound_of(since_burst)
    quiet = crafted(6_000).with_columns(
        pl.when(pl.int_range(pl.len()) > 150).then(10.0).otherwise("volume").alias("volume")
    )
    proof = prove(bound, quiet)
    assert not proof.partition_invariance.passed
    assert "computed by day differs from computed over all history: on real bars 'since_burst'" in proof.reasons[0]


def test_check_gives_json() -> None:
    found = json.loads(json.dumps(check("sma", {"period": "5"})))
    assert (found["script"], found["params"], found["passed"], found["warm_up"]) == ("sma", {"period": 5}, True, 4)
    assert found["lookahead"] == {
        "passed": True, "rows_tested": 4_799, "share": 0.9998, "one_in": 1_042, "detail": "", "bars_ahead": 0,
        "conditions": {}, "real": None,
    }  # fmt: skip
    assert found["partition_invariance"]["passed"]
    assert found["reasons"] == []


def test_a_proof_is_demanded_kept_and_tied_to_parameters(lake: Lake) -> None:
    bound = load("log_return", "feature").bind({})
    with pytest.raises(Refused, match="feature log_return: is not proven yet with these parameters"):
        require(lake, bound)
    proof = prove_and_store(lake, bound)
    assert require(lake, bound) == proof
    assert isinstance(proof, FeatureProof)
    assert Path(lake.path("proofs", "feature", f"{bound.digest}.json")).is_file()
    with pytest.raises(Refused):
        require(lake, load("log_return", "feature").bind({"lag": 2}))


def test_a_failing_proof_is_kept_and_refuses_by_name(lake: Lake) -> None:
    def peek() -> pl.Expr:
        return CLOSE.shift(-1)

    def forever() -> pl.Expr:
        return CLOSE.cum_sum()

    prove_and_store(lake, bound_of(peek))
    with pytest.raises(LookAhead, match="feature peek: reads what was not yet known: 'peek' of row") as caught:
        require(lake, bound_of(peek))
    assert caught.value.exit_code == 1
    prove_and_store(lake, bound_of(forever))
    with pytest.raises(Refused, match="feature forever: has no finite warm-up"):
        require(lake, bound_of(forever))


def test_a_proof_of_another_engine_does_not_count(lake: Lake) -> None:
    bound = load("log_return", "feature").bind({})
    proof = prove_and_store(lake, bound)
    proof.model_copy(update={"engine": 0}).store(lake)
    with pytest.raises(Refused, match="is not proven yet"):
        require(lake, bound)
