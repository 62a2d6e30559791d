"""The graph of a model beside its run: a picture, and the Mermaid flowchart that it can be drawn from again."""

from __future__ import annotations

from typing import Any

from trading_ml.models.drawing import measures, picture
from trading_ml.models.graph import Graph, mermaid
from trading_ml.registry.runs import Run

GRAPH, FLOWCHART = "model/graph.png", "model/graph.mmd"


def show(run: Run, project: str, graph: Graph, model: Any) -> None:
    """Keep both with a run."""
    measured = measures(model, graph)
    run.text(mermaid(graph, {name: each.shape for name, each in measured.items()}), FLOWCHART)
    run.figure(picture(graph, project, measured), GRAPH)
