"""The chapters of a model card, each some lines of Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from trading_ml.core.errors import NoData, TradingError
from trading_ml.datasets.audit import Audit
from trading_ml.lineage.graph import chain
from trading_ml.models.build import graph_of
from trading_ml.models.families import resolve
from trading_ml.models.source import PARTS
from trading_ml.registry import trials
from trading_ml.registry.result import Result, markdown

if TYPE_CHECKING:
    from trading_ml.lineage.card import Card

Told = Mapping[str, Any]
Lines = Iterator[str]
_MOST = 12
"""Raw files that are named."""


def use(card: Card) -> Lines:
    """What it is meant for."""
    yield card.question
    yield ""
    yield (
        "Meant for this question, on instruments and bars as below. Not an advice to trade: what a part of the past "
        "showed holds as long as the market stays as it was."
    )


def sources(card: Card) -> Lines:
    """The way from raw files to the version, in a line."""
    files, digest = card.told["uploads"], card.told["dataset"]["digest"]
    rows = sum(each["rows"] for each in files)
    yield f"{len(files):,} raw files, {rows:,} rows → dataset `{digest[:12]}` → version {card.version.version}"


def lineage(card: Card) -> Lines:
    """The way, and the first of the files."""
    yield from sources(card)
    yield ""
    files = card.told["uploads"]
    for each in files[:_MOST]:
        yield f"- `{each['file']}`, sha256 `{each['sha256'][:12]}`: {each['rows']:,} rows, {' to '.join(each['dates'])}"
    if len(files) > _MOST:
        name = f"{card.registry.project}/{card.version.version}"
        yield f"- and {len(files) - _MOST:,} more: `trading-ml lineage {name} --all`"


def span(card: Card) -> Lines:
    """Instruments, days, bars, samples and how they were split."""
    content, told = card.dataset.manifest, card.told["dataset"]
    yield from (
        f"- {name}: {days['count']:,} days from {days['first']} to {days['last']}"
        for name, days in told["days"].items()
    )
    yield f"- bars: {_named(told['params']['bars'])}; samples: {_named(told['params']['samples'])}"
    rejected = ", ".join(f"{reason} {count:,}" for reason, count in content["rejected"].items() if count)
    yield f"- {content['kept']:,} samples of {content['candidates']:,} bars" + (f" ({rejected})" if rejected else "")
    fold = content["folds"][-1]
    parts = ", ".join(f"{part} {fold['samples'][part]:,}" for part in PARTS)
    yield f"- split {_named(told['params']['split'])}: {parts}; {fold['overlaps']} overlaps"


def labels(card: Card) -> Lines:
    """What is asked, and how often each answer is right."""
    yield from (f"- {_script(each)}" for each in card.told["dataset"]["scripts"] if each["kind"] == "label")
    for label, parts in card.dataset.manifest["folds"][-1]["balance"].items():
        shares = (f"{part} {_named(counts)}" for part, counts in parts.items() if part != "purged")
        yield f"- {label}: {'; '.join(shares)}"


def features(card: Card) -> Lines:
    """What is shown, and what was proven of it."""
    shown = {each["name"]: each for each in card.dataset.manifest["features"]}
    for each in card.told["dataset"]["scripts"]:
        if each["kind"] == "feature":
            of = shown[each["name"]]
            yield f"- {_script(each)}; window {of['window']}, {_counted(len(of['columns']), 'column')}"


def model(card: Card) -> Lines:
    """The graph in a line, and its parameters."""
    try:
        graph = graph_of(card.dataset, resolve(card.project["model"]))  # pyright: ignore[reportArgumentType]
        yield chain(graph)
    except (TradingError, KeyError) as error:
        yield f"its graph cannot be drawn any more: {error}"
    yield ""
    yield f"`{_named(card.project.get('model', {}))}`"


def training(card: Card) -> Lines:
    """Parameters, environment, and how many trainings this dataset has seen."""
    tags, run = card.version.tags, card.registry.client.get_run(str(card.version.run_id))
    yield f"- {_named(card.project.get('training', {}))}"
    took = f", {(run.info.end_time - run.info.start_time) / 1000:,.0f} s from start to end" if run.info.end_time else ""
    yield f"- best epoch {tags.get('best_epoch')}{took}; weights `{tags.get('weights', '')[:12]}`"
    yield f"- {_named(card.told['version']['environment'])}; git commit `{tags.get('git_commit')}`"
    begun = trials.by_kind(card.registry.lake, card.registry.project, card.version.tags["dataset"])
    yield f"- trainings begun on this dataset so far: {_named(begun) or 'none on record'}"


def metrics(card: Card) -> Lines:
    """Tables of all parts, the test part's beside the baselines."""
    for part in PARTS if card.judgement else ():
        if rows := Result.of(card.version).table(part):
            yield f"**{part}**\n\n{markdown(rows)}\n"


def gate(card: Card) -> Lines:
    """Every reason of the gate."""
    if card.judgement is None:
        yield f"Not judged yet: `trading-ml model gate {card.registry.project} {card.version.version}`"
        return
    verdict = card.judgement.verdict
    yield from (f"- {reason}" for reason in verdict.reasons)
    if verdict.rules:
        told = {True: "passed", False: "refused", None: "not asked"}
        labels = len({found.label for found in verdict.rules}) > 1
        of = lambda found: f"{found.rule} of {found.label}" if labels else found.rule
        yield "- rules: " + ", ".join(f"{of(found)} {told[found.passed]}" for found in verdict.rules)
    yield from (f"- yes to {label} above a score of {score:.4g}" for label, score in verdict.thresholds.items())
    yield f"- models judged on this test part so far: {verdict.openings}"


def limits(card: Card) -> Lines:
    """What it does not know, and what the audit warned of."""
    content = card.told["dataset"]
    names, fold = list(content["days"]), card.dataset.manifest["folds"][-1]
    last = max(days["last"] for days in content["days"].values())
    yield f"- learnt from {', '.join(names)} and nothing else; nothing after {last} is known to it"
    yield f"- its figures rest on {fold['samples']['test']:,} test samples of one stretch of time"
    try:
        findings = Audit.of(card.dataset).findings
    except NoData:
        yield "- its dataset was not audited"
        return
    yield from (f"- audit: {each.sentence}" for each in findings if each.severity != "note")


def again(card: Card) -> Lines:
    """Commands that make the same version."""
    name, tags = card.registry.project, card.version.tags
    yield "```sh"
    yield f"git checkout {tags.get('git_commit', '').removesuffix('-dirty')}"
    yield "trading-ml ingest FILE…                     # those above; their sha256 tells whether they are the same"
    yield f"trading-ml project run project/{name}.yaml  # the artifact project.yaml of the run, under this name"
    yield "```"
    yield ""
    yield f"The same dataset has digest `{tags['dataset'][:12]}`, the same weights `{tags.get('weights', '')[:12]}`"
    if "-dirty" in tags.get("git_commit", ""):
        yield "The checkout had changes that are in no commit, so it may not come out the same."


def _script(told: Told) -> str:
    proof = told["proof"]
    proven = f"proven, warm-up {proof['warm_up']}" if proof and proof["passed"] else "no proof by today's libraries"
    params = f" ({_named(told['params'])})" if told["params"] else ""
    return f"{told['name']}: `{told['use']}`{params}, source `{told['source'][:12]}`; {proven}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _named(told: Told) -> str:
    return ", ".join(f"{name} {value}" for name, value in told.items() if value not in (None, False, [], {}))


CHAPTERS: dict[str, Callable[[Card], Lines]] = {
    "Intended use": use,
    "Lineage": lineage,
    "Data": span,
    "Label": labels,
    "Features": features,
    "Model": model,
    "Training": training,
    "What it showed": metrics,
    "The gate": gate,
    "Known limits": limits,
    "How to make it again": again,
}
