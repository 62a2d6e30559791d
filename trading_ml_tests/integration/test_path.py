"""The whole path on a small market: the same bytes twice, after kills, and from another folder order."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

LEAK = """\
import polars as pl

def tomorrow(*, bars: int = 1) -> pl.Expr:
    return pl.col("close").shift(-bars) / pl.col("close")
"""
GREEDY = """\
import polars as pl

def further(*, horizon: int = 5) -> dict[str, pl.Expr]:
    rises = pl.col("close").shift(-horizon - 1) > pl.col("close")
    return {"rises": rises, "label_end": pl.col("ts_close").shift(-horizon)}
"""


def test_a_project_run_gives_what_the_design_says(place, undisturbed):
    assert set(undisturbed) == {"model", "version", "alias", "dataset", "metrics", "gate"}
    assert undisturbed["model"] == "small"
    assert undisturbed["version"] == 1
    assert undisturbed["alias"] == "candidate"
    assert not undisturbed["gate"]["passed"]
    assert undisturbed["gate"]["reasons"]
    metrics = undisturbed["metrics"]
    assert {"test_roc_auc", "validation_roc_auc", "train_roc_auc", "test_roc_auc_logistic_on_last"} <= set(metrics)
    assert all(isinstance(value, float) for value in metrics.values())


def test_everything_twice_changes_nothing(place, undisturbed):
    before = place.digests("calm")
    place.run("calm", "ingest", *place.raw)
    assert place.run("calm", "project", "run", "small", code=1) == undisturbed
    assert place.digests("calm") == before
    openings = list((place.folder / "calm" / "registry" / "openings").rglob("*.jsonl"))
    assert [len(path.read_text().splitlines()) for path in openings] == [1]


def test_the_dataset_is_shown_and_promoted_by_its_digest(place, undisturbed):
    shown = place.run("calm", "dataset", "show", "small")
    assert shown["digest"] == undisturbed["dataset"]
    assert [fold["overlaps"] for fold in shown["folds"]] == [0]
    assert place.run("calm", "dataset", "promote", "small", shown["digest"][:12])["promoted"] == shown["digest"]
    assert "000000000000" in place.run("calm", "dataset", "show", "small", "0" * 12, code=2)["error"]


def test_a_dataset_is_built_alone_and_is_the_one_that_a_run_makes(place, undisturbed):
    built = place.run("calm", "dataset", "build", "small")
    assert built == {
        "project": "small",
        "dataset": undisturbed["dataset"],
        "state": "promoted",
        "samples": built["samples"],
    }
    assert built["samples"] == place.run("calm", "dataset", "show", "small")["kept"]


def test_a_manual_project_waits_for_somebody_to_promote_its_dataset(place, undisturbed):
    project = (place.folder / "projects" / "small.yaml").read_text()
    path = place.folder / "projects" / "patient.yaml"
    path.write_text(project.replace("name: small", "name: patient\npromotion: manual"))
    command, env = place.command("calm", "project", "run", "patient")
    done = subprocess.run(command, env=env, cwd=place.folder, capture_output=True, text=True, timeout=240)
    (waiting,) = place.run("calm", "dataset", "queue", "patient")["datasets"]
    path.unlink()
    name, digest = "patient", waiting["digest"][:12]
    assert done.returncode == 1
    assert f"run `trading-ml dataset promote {name} {digest}`, then this again" in done.stderr.splitlines()[-1]
    assert "2 chunks built, 0 reused: 1 chunk of features, the first build" in done.stderr
    assert (waiting["state"], waiting["audit"]) == ("queued", "passed")
    shutil.rmtree(place.folder / "calm" / "datasets" / "patient")
    for room in ("features", "labels"):
        shutil.rmtree(place.folder / "calm" / room / "patient")


def test_a_version_is_followed_back_to_its_raw_lines(place, undisturbed):
    told = place.run("calm", "lineage", "small#-1")
    version = told["version"]
    assert (version["model"], version["version"], version["aliases"]) == ("small", 1, ["candidate"])
    assert version["dataset"] == told["dataset"]["digest"] == undisturbed["dataset"]
    assert version["gate"] == {**undisturbed["gate"], "openings": 1}
    assert version["weights"] == place.weights("calm")
    assert version["dagster_run_id"]
    assert all(script["proof"]["passed"] for script in told["dataset"]["scripts"])
    assert told["changes"] == []
    last = told["ticks"]["last"]
    with gzip.open(last["file"], "rt") as file:
        assert file.read().splitlines()[last["line"] - 1] == last["text"]
    assert float(last["fields"]["Price"]) == told["ticks"]["bar"]["close"]


def killed(place, root: str, when: str, *words: object) -> None:
    """Start a command and kill -9 it as soon as its progress says `when`."""
    command, env = place.command(root, *words)
    child = subprocess.Popen(
        command, env=env, cwd=place.folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert child.stderr
    for line in child.stderr:
        if when in line:
            time.sleep(0.15)
            os.killpg(child.pid, signal.SIGKILL)
            break
    child.stderr.close()
    assert child.wait() == -signal.SIGKILL


def test_killed_anywhere_the_same_command_ends_with_the_same_digests(place, undisturbed):
    killed(place, "killed", "read ", "ingest", *place.raw)
    place.run("killed", "ingest", *place.raw)
    for when in ("features/small", "small: epochs"):
        killed(place, "killed", when, "project", "run", "small")
    again = place.run("killed", "project", "run", "small", code=1)
    assert again | {"version": 1} == undisturbed
    assert place.digests("killed") == place.digests("calm")
    assert place.weights("killed") == place.weights("calm")
    assert not list((place.folder / "killed" / "tmp").iterdir())


@pytest.mark.parametrize(
    ("script", "old", "new", "said"),
    [
        (LEAK, "features:\n", "features:\n  ahead: {use: 'mine:tomorrow'}\n", "mine:tomorrow"),
        (GREEDY, "use: atr_rises, period: 14,", "use: 'mine:further',", "mine:further"),
    ],
    ids=["feature", "label"],
)
def test_a_script_that_looks_ahead_is_refused_by_name(place, undisturbed, script, old, new, said):
    (place.folder / "mine.py").write_text(script)
    project = (place.folder / "projects" / "small.yaml").read_text()
    leaking = project.replace("name: small", "name: leaking").replace(old, new)
    (place.folder / "projects" / "leaking.yaml").write_text(leaking)
    command, env = place.command("calm", "project", "run", "leaking", "--json")
    done = subprocess.run(command, env=env, cwd=place.folder, capture_output=True, text=True, timeout=240)
    assert done.returncode == 1
    assert said in json.loads(done.stdout)["error"]
    assert not (place.folder / "calm" / "features" / "leaking").exists()
    assert not (place.folder / "calm" / "datasets" / "leaking").exists()
    (place.folder / "projects" / "leaking.yaml").unlink()
