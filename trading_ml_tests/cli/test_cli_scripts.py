"""The library on the command line: list, show, new, check; and the plots of the site."""

from __future__ import annotations

from pathlib import Path

import pytest

from trading_ml.cli import pictures
from trading_ml.core.catalogue import built_in

LEAK = "import polars as pl\n\ndef peek() -> pl.Expr:\n    return pl.col('close').shift(-1)\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", ["feature", "label"])
def test_list_names_every_built_in_script(cli, kind):
    answer = cli(kind, "list", "--json")
    assert [line["name"] for line in answer.json[f"{kind}s"]] == built_in(kind)
    assert built_in(kind)[0] in cli(kind, "list").out
    assert cli(kind, "list", "--page").out.startswith(f"# {kind.capitalize()}s\n")


def test_show_has_the_form_of_the_parameters_and_the_proofs(cli):
    answer = cli("feature", "show", "atr", "--json").json
    assert answer["schema"]["properties"]["period"]["default"] == 14
    assert (answer["outputs"], answer["proofs"], answer["projects"]) == (["atr"], [], [])
    assert "atr[t−1]" in cli("feature", "show", "atr").out
    refused = cli("label", "show", "directon")
    assert (refused.code, "did you mean 'direction'" in refused.err) == (2, True)


def test_new_writes_a_script_that_passes_its_check(cli):
    made = cli("feature", "new", "stretch", "--folder", "signals", "--json").json
    assert made["use"] == "signals.stretch:stretch"
    checked = cli("feature", "check", made["use"], "--param", "period=5", "--json")
    assert checked.code == 0
    assert (checked.json["warm_up"], checked.json["witnessed"], checked.json["deterministic"]) == (4, True, True)
    again = cli("feature", "new", "stretch", "--folder", "signals")
    assert (again.code, again.err.count("\n"), "is there already" in again.err) == (2, 1, True)


def test_check_refuses_a_leak_and_takes_saved_features(cli, folder):
    (folder / "peeking.py").write_text(LEAK)
    refused = cli("feature", "check", "peeking:peek")
    assert (refused.code, "error: reads what was not yet known: 'peek' of row" in refused.err) == (1, True)
    (folder / "features.yaml").write_text("quick: {use: sma, period: 3}\n")
    assert cli("feature", "check", "saved:quick", "--json").json["params"] == {"period": 3}


def test_plots_stand_below_their_headings(folder, monkeypatch):
    monkeypatch.setattr(pictures, "built_in", lambda kind: ["sma"])
    page = folder / "site" / "reference" / "features" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text('<h2 id="sma"><code>sma</code></h2><pre>…</pre>')
    pictures.main(folder / "site")
    assert page.read_text() == '<h2 id="sma"><code>sma</code></h2><img src="sma.svg" alt="sma over time"><pre>…</pre>'
    assert page.with_name("sma.svg").read_text().startswith("<?xml")
