"""The error family: sentences, suggestions, exit codes, and the trip between worker and parent."""

from __future__ import annotations

import pickle

import pytest

from trading_ml.core import errors
from trading_ml.core.errors import BadFile, BadInput, LookAhead, Refused, TradingError, Unknown, nearest

FAMILY = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TradingError)]


def test_sentence_is_culprit_problem_fix() -> None:
    assert str(BadFile("a.csv.gz", "is truncated", "copy it again")) == "a.csv.gz: is truncated; copy it again"
    assert str(BadFile("a.csv.gz", "is empty")) == "a.csv.gz: is empty"


@pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.__name__)
def test_every_member_keeps_its_parts_and_survives_pickling_between_processes(kind: type[TradingError]) -> None:
    error = kind("culprit", "problem", "fix")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (copy.culprit, copy.problem, copy.fix) == ("culprit", "problem", "fix")
    assert str(copy) == str(error) == "culprit: problem; fix"


@pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.__name__)
def test_exit_code_says_whose_turn_it_is(kind: type[TradingError]) -> None:
    assert kind.exit_code == (1 if issubclass(kind, Refused) else 2)
    assert kind in (TradingError, BadInput, Refused) or issubclass(kind, BadInput) != issubclass(kind, Refused)


def test_unknown_suggests_the_nearest() -> None:
    assert str(Unknown.of("feature", "atrr", ["sma", "atr"])) == "atrr: unknown feature; did you mean 'atr'?"


def test_unknown_lists_what_is_known_when_nothing_is_near() -> None:
    assert str(Unknown.of("adapter", "zzz", ["lseg", "bitflyer"])) == "zzz: unknown adapter; known: bitflyer, lseg"
    assert str(Unknown.of("adapter", "zzz", [])) == "zzz: unknown adapter; none is known yet"


def test_nearest_looks_past_letter_case_and_answers_in_the_known_spelling() -> None:
    assert nearest("abf.l", ["ABF.L", "BTC_JPY"]) == "did you mean 'ABF.L'?"


def test_look_ahead_is_a_refusal_not_bad_input() -> None:
    assert issubclass(LookAhead, Refused)
    assert not issubclass(LookAhead, BadInput)
