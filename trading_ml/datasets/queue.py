"""The queue: every build of a project's dataset waits there to be promoted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from trading_ml.core.errors import NoData
from trading_ml.core.lake import Lake
from trading_ml.core.params import Params
from trading_ml.datasets.audit import Audit
from trading_ml.datasets.dataset import Dataset
from trading_ml.datasets.events import Event, digests, events

State = Literal["queued", "refused", "promoted", "superseded"]


class Entry(Params):
    """A dataset in the queue."""

    digest: str
    state: State
    """`queued` waits; `refused` waits too, and its audit says no; `promoted` is what training reads; `superseded` was
    promoted before, or is older than the promoted one and never was."""
    built: Event | None
    """None where the folder was put there by other means than a build."""
    samples: int
    first: str
    last: str
    audit: Literal["passed", "refused", "none"]
    findings: tuple[str, ...]
    """Why the audit refuses it."""
    promoted: Event | None
    """Its last promotion."""

    @property
    def row(self) -> dict[str, Any]:
        """A line of a table."""
        raised, built = self.promoted, self.built
        return {
            "dataset": self.digest[:12],
            "state": self.state,
            "built": f"{built.at:%Y-%m-%d %H:%M}" if built else "",
            "samples": self.samples,
            "days": f"{self.first} to {self.last}",
            "audit": self.audit,
            "promoted": f"{raised.at:%Y-%m-%d %H:%M} by {raised.by}" if raised else "",
            "why": "; ".join(filter(None, [raised.why if raised else "", *self.findings])),
            "what was built": built.why if built else "",
        }


def queue(lake: Lake, project: str) -> list[Entry]:
    """The project's datasets, the one built last first.

    Raises:
        Unknown: when the project has none, suggesting one that has.
    """
    there, told = digests(lake, project), events(lake, project)
    built = {event.digest: event for event in told if event.event == "built"}
    raised = {event.digest: event for event in told if event.event == "promoted"}
    current = max(raised.values(), key=lambda event: told.index(event)).digest if raised else None
    position = there.index(current) if current in there else -1
    found = []
    for number, digest in enumerate(there):
        dataset = Dataset.open(lake, project, digest)
        told_of = built[digest].facts if digest in built else facts(dataset.manifest)
        verdict, findings = _verdict(dataset)
        old = digest in raised or number < position
        waits = "refused" if verdict == "refused" else "queued"
        state = "promoted" if digest == current else "superseded" if old else waits
        found.append(Entry(
            digest=digest, state=state, built=built.get(digest), promoted=raised.get(digest), audit=verdict,
            findings=findings, **{key: told_of[key] for key in ("samples", "first", "last")},
        ))  # fmt: skip
    return found[::-1]


def facts(content: Mapping[str, Any]) -> dict[str, Any]:
    """What the queue tells of a dataset, from its manifest."""
    spans = content["days"].values()
    first, last = min(span["first"] for span in spans), max(span["last"] for span in spans)
    return {"samples": content["kept"], "first": str(first), "last": str(last)}


def _verdict(dataset: Dataset) -> tuple[Literal["passed", "refused", "none"], tuple[str, ...]]:
    try:
        told = Audit.of(dataset)
    except NoData:
        return "none", ()
    return "passed" if told.passed else "refused", tuple(each.sentence for each in told.of_severity("refuse"))
