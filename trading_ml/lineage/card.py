"""A model card: what a version is for, what it was made from, what it showed, and what it cannot do, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import yaml

from trading_ml.core.lake import Lake
from trading_ml.datasets import Dataset
from trading_ml.lineage.chapters import CHAPTERS, gate, sources
from trading_ml.lineage.walk import walk
from trading_ml.registry.aliases import RETIRED
from trading_ml.registry.result import JUDGEMENT, Judgement, Result, markdown
from trading_ml.registry.runs import Run
from trading_ml.registry.store import Registry

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

ARTIFACT = "card.md"
"""Where the card lies among the artifacts of the version's run."""
Told = Mapping[str, Any]


@dataclass(frozen=True)
class Card:
    """A version and all that is known of it."""

    registry: Registry
    version: ModelVersion
    told: Told
    """Its walk, see `lineage.walk`."""

    @classmethod
    def of(cls, lake: Lake, project: str, number: int) -> Self:
        """The card of a version.

        Raises:
            BadInput: when there is no such version, or its dataset is there no more.
        """
        told, registry = walk(lake, f"{project}/{number}"), Registry.open(lake, project)
        return cls(registry, registry.version(str(number)), told)

    def keep(self) -> str:
        """Lay the card beside the version's other artifacts, and its short form into the version's description."""
        text, name = self.text, self.registry.project
        Run(self.registry.client, str(self.version.run_id)).text(text, ARTIFACT)
        self.registry.client.update_model_version(name, self.version.version, description=self.brief)
        return text

    @property
    def text(self) -> str:
        """The whole card, in Markdown."""
        blocks = [f"# {self.registry.project}, version {self.version.version}", self._verdict]
        for heading, lines in CHAPTERS.items():
            if told := "\n".join(lines(self)):
                blocks += [f"## {heading}", told]
        return "\n\n".join(blocks) + "\n"

    @property
    def brief(self) -> str:
        """A few lines: the question, the verdict with its reasons, the dataset, the table of the test part."""
        blocks = [self.question, self._verdict, "\n".join(gate(self)), "\n".join(sources(self))]
        if self.judgement:
            blocks.append(markdown(Result.of(self.version).table("test")))
        return "\n\n".join(filter(None, [*blocks, f"The whole card is the artifact `{ARTIFACT}` of its run."]))

    @cached_property
    def judgement(self) -> Judgement | None:
        """What the gate found; None before it judged."""
        return Judgement.model_validate_json(self.version.tags[JUDGEMENT]) if JUDGEMENT in self.version.tags else None

    @cached_property
    def project(self) -> Told:
        """The project file as it was."""
        return yaml.safe_load(self.version.tags.get("project_file", "")) or {}

    @cached_property
    def dataset(self) -> Dataset:
        """What the version learnt from."""
        return Dataset.open(self.registry.lake, self.registry.project, self.version.tags["dataset"])

    @property
    def question(self) -> str:
        """What the project asks."""
        return str(self.project.get("description", ""))

    @property
    def _verdict(self) -> str:
        if RETIRED in self.version.tags:
            return f"**Retired:** {self.version.tags[RETIRED]}"
        if self.judgement is None:
            return "**The gate has not judged it.**"
        return "**The gate let it pass.**" if self.judgement.verdict.passed else "**The gate refused it.**"
