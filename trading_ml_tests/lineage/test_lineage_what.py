"""Names of versions, datasets and samples: read, resolved, and refused with the nearest that there is."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.errors import BadInput, BadParams, NoData, Unknown
from trading_ml.core.lake import Lake
from trading_ml.lineage import What
from trading_ml.registry import aliases
from trading_ml.registry.store import Registry

ONE, TWO = "4f5e6d7c8b9a", "4f0000000000"
TAGS = {"git_commit": "abc", "dagster_run_id": "r", "weights": "w", "project_file": "name: toy\n", "env.numpy": "2"}
VERDICT = {"verdict": {"passed": False, "reasons": ["no skill"], "advantages": [], "openings": 3}}


@pytest.fixture
def toy(lake: Lake) -> Lake:
    """A project with two datasets and nothing in them."""
    for digest in (ONE, TWO):
        lake.write_json(lake.path("datasets", "toy", digest, "manifest.json"), {"digest": digest})
    return lake


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Three versions, the second of them judged and the champion."""
    lake = Lake(tmp_path_factory.mktemp("registered"))
    lake.write_json(lake.path("datasets", "toy", ONE, "manifest.json"), {"digest": ONE})
    registry = Registry.make(lake, "toy")
    for number in range(3):
        judged = {"judgement": json.dumps(VERDICT)} if number == 1 else {}
        registry.client.create_model_version("toy", "file:///nowhere", tags={**TAGS, "dataset": ONE * 5, **judged})
    aliases.move(registry, registry.version("2"), "champion", "it is good")
    return lake


@given(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.integers(-9, 10**9), st.sampled_from(["", "@a", "/1", ":ff"]))
def test_what_is_written_is_read(project: str, sample: int, suffix: str) -> None:
    what = What.parse(f"{project}{suffix}#{sample}")
    assert (what.project, what.sample) == (project, str(sample))
    assert [what.alias, what.number, what.dataset].count(None) == (2 if suffix else 3)
    assert What.parse(f"{project}{suffix}").sample is None


@pytest.mark.parametrize("text", ["", "#3", "toy@", "toy#", "toy/1/2#", "@champion"])
def test_what_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(BadParams, match="names no version, dataset or sample; write NAME"):
        What.parse(text)


def test_a_dataset_goes_by_the_beginning_of_its_digest(toy: Lake) -> None:
    for given_, found in {"4f5e": ONE, ONE: ONE, ONE * 5: ONE, "4F0": TWO}.items():
        assert What.parse(f"toy:{given_}").resolve(toy) == (None, found)
    with pytest.raises(BadInput, match=f"is the beginning of {TWO}, {ONE}; give more"):
        What.parse("toy:4f").resolve(toy)
    with pytest.raises(Unknown, match=f"did you mean '{ONE}'"):
        What.parse("toy:4f5e6d7c8b90").resolve(toy)


def test_names_that_are_not_known_suggest_the_nearest(toy: Lake) -> None:
    with pytest.raises(Unknown, match="toi: unknown project; did you mean 'toy'"):
        What.parse("toi").resolve(toy)
    with pytest.raises(NoData, match=f"no promoted dataset; name one of its datasets: toy:{TWO}, toy:{ONE}"):
        What.parse("toy").resolve(toy)
    with pytest.raises(NoData, match="has no models yet"):
        What.parse("toy@champion").resolve(toy)


def test_a_version_goes_by_number_and_alias_and_tells_what_it_was_made_from(registered: Lake) -> None:
    for name, number in {"toy": 2, "toy@champion": 2, "toy/2": 2, "toy/3": 3}.items():
        version, dataset = What.parse(name).resolve(registered)
        assert version
        assert (version.told()["version"], dataset) == (number, ONE * 5)
    told = What.parse("toy/2").resolve(registered)[0].told()  # pyright: ignore[reportOptionalMemberAccess]
    assert told["aliases"] == ["champion"]
    assert (told["git_commit"], told["weights"], told["dagster_run_id"]) == ("abc", "w", "r")
    assert told["project_file"] == sha256(b"name: toy\n").hexdigest()
    assert told["environment"] == {"numpy": "2"}
    assert told["gate"] == {"passed": False, "reasons": ["no skill"], "openings": 3}
    with pytest.raises(Unknown, match="champoin: unknown alias of toy; did you mean 'champion'"):
        What.parse("toy@champoin").resolve(registered)
    with pytest.raises(Unknown, match="9: unknown version of toy; known: 1, 2, 3"):
        What.parse("toy/9").resolve(registered)


def test_without_a_champion_the_newest_version_counts(registered: Lake) -> None:
    registry = Registry.open(registered, "toy")
    registry.client.delete_registered_model_alias("toy", "champion")
    version, _ = What.parse("toy").resolve(registered)
    aliases.move(registry, registry.version("2"), "champion", "it is good")
    assert version
    assert version.told()["version"] == 3
    assert version.told()["gate"] is None
