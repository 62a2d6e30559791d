"""The catalogue, saved features, and new scripts from a template."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trading_ml.core import catalogue
from trading_ml.core.errors import BadInput, BadParams, Unknown
from trading_ml.core.lake import Lake
from trading_ml.core.page import page
from trading_ml.core.saved import saved, written_out
from trading_ml.core.script import load
from trading_ml.core.template import _registered, new
from trading_ml.features import FEATURES, FeatureUse
from trading_ml.features.proof import prove_and_store
from trading_ml.project import uses


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(text: str) -> None:
    Path("features.yaml").write_text(text)


class TestSavedFeatures:
    def test_a_project_takes_one_by_name_and_remembers_it_written_out(self, folder: Path) -> None:
        save("slow_atr: {use: atr, period: 50}\n")
        use = FeatureUse.parse({"use": "saved:slow_atr", "window": 7}, "features.slow")
        assert use.model_dump(mode="json") == {"use": "atr", "period": 50, "window": 7}
        assert use.bound.digest == load("atr", "feature").bind({"period": 50}).digest

    def test_unknown_names_suggest_the_nearest(self, folder: Path) -> None:
        save("slow_atr: {use: atr, period: 50}\n")
        with pytest.raises(BadParams, match="slow_art: unknown saved feature; did you mean 'slow_atr'"):
            FeatureUse.parse({"use": "saved:slow_art"}, "features.slow")
        with pytest.raises(Unknown):
            catalogue.found("saved:fast", "feature", {})

    def test_what_is_saved_is_not_set_again(self, folder: Path) -> None:
        save("slow_atr: {use: atr, period: 50}\n")
        with pytest.raises(BadParams, match="'period' is saved with it"):
            written_out({"use": "saved:slow_atr", "period": 3})

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("- atr\n", "features.yaml: is not a mapping of names"),
            ("a: {period: 5}\n", "features.yaml, a: does not say which script to use"),
            ("a: {use: [1]}\n", "features.yaml, a: does not say which script to use"),
            ("a: {use: 'saved:b'}\n", "features.yaml, a: is made of another saved feature"),
            ("a: {use: atr\n", "features.yaml: is not YAML"),
        ],
    )
    def test_a_file_of_another_form_is_refused_by_name(self, folder: Path, text: str, said: str) -> None:
        save(text)
        with pytest.raises(BadParams, match=said):
            saved()

    def test_without_the_file_none_is_saved(self, folder: Path) -> None:
        assert saved() == {}


class TestCatalogue:
    def test_lists_built_in_saved_and_own_with_who_uses_them(self, folder: Path) -> None:
        save("slow_atr: {use: atr, period: 50}\nbroken: {use: atr, perod: 5}\n")
        projects = folder / "projects"
        projects.mkdir()
        (projects / "one.yaml").write_text(
            "features: {a: {use: atr}, b: {use: 'saved:slow_atr'}, c: {use: 'gone.away:squeeze'}}\n"
        )
        (projects / "two.yaml").write_text("features: {a: {use: atr}}\n")
        (projects / "three.yaml").write_text("features: [a\n")
        lines = {line["name"]: line for line in catalogue.listed("feature", uses(projects, "feature"))}
        assert set(FEATURES) < set(lines)
        assert lines["atr"]["projects"] == ["one", "two"]
        assert lines["atr"]["parameters"] == {"period": 14}
        assert (lines["saved:slow_atr"]["origin"], lines["saved:slow_atr"]["parameters"]) == ("saved", {"period": 50})
        assert lines["saved:slow_atr"]["projects"] == ["one"]
        assert "did you mean 'period'" in lines["saved:broken"]["summary"]
        assert "no module named 'gone'" in lines["gone.away:squeeze"]["summary"]

    def test_describes_form_columns_and_proofs(self, lake: Lake) -> None:
        bound = load("log_return", "feature").bind({})
        prove_and_store(lake, bound)
        told = catalogue.described(bound, lake)
        assert told["schema"]["properties"]["lag"]["minimum"] == 1
        assert told["outputs"] == ["log_return"]
        assert [(proof["passed"], proof["current"]) for proof in told["proofs"]] == [(True, True)]

    def test_the_page_names_every_script_and_parameter(self) -> None:
        text = page("label")
        for name in catalogue.built_in("label"):
            assert f"\n## `{name}`\n" in text
            assert all(f"| `{key}` |" in text for key in load(name, "label").params.model_fields)


class TestNewScripts:
    @pytest.mark.parametrize("name", ["class", "Bad", "with-dash", "2nd", "", "a b"])
    def test_bad_names_are_refused(self, folder: Path, name: str) -> None:
        with pytest.raises(BadParams, match="is no name for a script"):
            new(name, "feature")

    def test_names_that_are_taken_are_refused(self, folder: Path) -> None:
        with pytest.raises(BadParams, match="is a built-in feature"):
            new("atr", "feature")
        Path("mine.py").write_text("")
        with pytest.raises(BadInput, match="is there already"):
            new("mine", "feature")
        assert not Path("test_mine.py").exists()

    def test_a_folder_must_make_a_dotted_path(self, folder: Path) -> None:
        with pytest.raises(BadParams, match="does not lie in the working directory"):
            new("mine", "feature", folder.parent)
        with pytest.raises(BadParams, match="cannot be part of a dotted path"):
            new("mine", "feature", Path("my-signals"))

    def test_in_a_folder_of_ones_own_the_test_is_green_at_once(self, folder: Path) -> None:
        feature, label = new("stretch", "feature", Path("signals")), new("comes_back", "label", Path("signals"))
        assert (feature.use, label.use) == ("signals.stretch:stretch", "signals.comes_back:comes_back")
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "signals"],
            capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])},
        )  # fmt: skip
        assert "4 passed" in ran.stdout, ran.stdout
        assert catalogue.entry(load(feature.use, "feature").bind({}))["outputs"] == ["stretch"]

    @pytest.mark.parametrize("name", ["aaa", "mean_stretch", "zzz"])
    def test_its_lines_stand_in_order(self, name: str) -> None:
        text = Path(sys.modules["trading_ml.features"].__file__ or "").read_text()
        made = _registered(text, name, "feature")
        assert len(made.splitlines()) == len(text.splitlines()) + 2
        named = next(node for node in ast.parse(made).body if isinstance(node, ast.Assign))
        assert isinstance(named.value, ast.Dict)
        keys = [ast.literal_eval(key) for key in named.value.keys if key]
        assert keys == sorted([*FEATURES, name])
