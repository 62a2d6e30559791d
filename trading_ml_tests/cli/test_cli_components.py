"""`trading-ml component` and `project graph`."""

from __future__ import annotations


def test_components_come_with_the_form_of_their_parameters(cli):
    told = cli("component", "list", "--json").json
    forms = {each["name"]: each["schema"] for each in told["components"]}
    assert forms["conv1d"]["properties"]["kernel"]["minimum"] == 1
    assert {each["name"] for each in told["families"]} >= {"linear", "dense", "lstm", "transformer", "graph"}


def test_one_component_is_told_whole(cli):
    shown = cli("component", "show", "lstm")
    assert "tanh" in shown.out
    assert "Width of the state." in shown.out
    refused = cli("component", "show", "lstmm")
    assert refused.code == 2
    assert "did you mean 'lstm'?" in refused.err


def test_a_projects_model_is_drawn_without_a_lake(cli):
    drawn = cli("project", "graph", "volatility", "--json").json
    assert drawn["mermaid"].startswith("flowchart TD")
    assert "inputs --> dense_1" in drawn["mermaid"]
    assert drawn["nodes"]["rises"] == {**drawn["nodes"]["rises"], "use": "output", "label": "rises"}


def test_a_projects_model_is_drawn_into_a_file_with_its_shapes(cli, tmp_path):
    file = tmp_path / "graph.svg"
    told = cli("project", "graph", "volatility", "--build", "--output", file, "--json").json
    assert told["measures"]["dense_1"] == {"shape": "(samples, 128)", "weights": 600 * 128 + 128}
    assert "(600)" in file.read_text("utf-8")
    assert "dense_1[" in told["mermaid"]
    assert cli("project", "check", "volatility", "--build").code == 0
    assert cli("project", "graph", "volatility", "--output", tmp_path / "graph.pdf").code == 2
