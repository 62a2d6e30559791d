"""The search: ask for a round of trials, have them tried, tell what came of them in the order of their numbers.

Rounds have a fixed size, so what is found does not depend on how many are tried at once, by whom, how fast, or how
often the search was broken off on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from trading_ml.core.errors import Refused
from trading_ml.core.parallel import Lost, Workers
from trading_ml.models.params import ModelParams, TrainingParams
from trading_ml.models.tuning.journal import Journal
from trading_ml.models.tuning.params import TuningParams
from trading_ml.models.tuning.pruning import Pruning
from trading_ml.models.tuning.sampling import ask
from trading_ml.models.tuning.space import Space, Values
from trading_ml.models.tuning.trial import Told, Trial


@dataclass(frozen=True)
class Task:
    """A trial to be tried; it can be pickled."""

    number: int
    values: Values
    model: ModelParams
    training: TrainingParams
    pruning: Pruning | None


@dataclass(frozen=True)
class Listener:
    """Who is told of a search while it goes on."""

    told: Callable[[Told], None] = lambda told: None
    """Each trial that has ended, those of an earlier run included."""
    lost: Callable[[int, int], None] = lambda number, times: None
    """The number of a trial whose process died, and how often that was; it is tried again."""


def search(
    space: Space, journal: Journal, work: Callable[[Task], Trial], workers: Workers, trials: int,
    listener: Listener = Listener(),
) -> list[Told]:  # fmt: skip
    """Go through a search, or go on with one that was broken off.

    Args:
        space: What is searched.
        journal: What is known of it already, and where to write each trial down as soon as it has ended.
        work: Tries one; it comes to the same wherever and however often it is done.
        workers: By whom, and how many at once.
        trials: How many trials there are to be in all.
        listener: Who is told.

    Returns:
        All trials, in the order of their numbers; fewer than asked where a grid has no more.

    Raises:
        Refused: when the journal is not of this search. Whatever the work raises, which ends the search.
    """
    known = journal.told
    for told in list(known.values())[:trials]:
        listener.told(told)
    for numbers in space.tuning.rounds(trials):
        earlier = [known[number] for number in range(numbers[0]) if number in known]
        tasks = _tasks(space, earlier, numbers)
        _same(tasks, known, journal)
        open_ = {task.number: task for task in tasks if task.number not in known}
        for number, found in workers.run(work, open_, listener.lost):
            trial = Trial(state="failed", reason=str(found)) if isinstance(found, Lost) else found
            known[number] = Told(number=number, values=open_[number].values, trial=trial)
            journal.add(known[number])
            listener.told(known[number])
    return [known[number] for number in range(trials) if number in known]


def front(told: Iterable[Told], tuning: TuningParams) -> list[Told]:
    """Complete trials than which no other is better by one objective and as good by all (Pareto), the best first.

    The best is the one that is best by the first objective; of equal ones the earliest.
    """
    signs = [1 if direction == "maximize" else -1 for direction in tuning.directions]
    complete = [each for each in told if each.trial.state == "complete"]
    scores = {
        each.number: tuple(sign * score for sign, score in zip(signs, each.trial.scores, strict=True))
        for each in complete
    }
    best = [each for each in complete if not any(_beats(other, scores[each.number]) for other in scores.values())]
    return sorted(best, key=lambda each: (-scores[each.number][0], each.number))


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    return one != other and all(mine >= theirs for mine, theirs in zip(one, other, strict=True))


def _tasks(space: Space, earlier: Sequence[Told], numbers: Sequence[int]) -> list[Task]:
    pruning = Pruning.by(space.tuning, tuple(each.trial.course for each in earlier))
    asked = zip(numbers, ask(space, earlier, numbers), strict=False)  # a grid may end
    return [Task(number, values, *space.params(values), pruning) for number, values in asked]


def _same(tasks: Iterable[Task], known: dict[int, Told], journal: Journal) -> None:
    for task in tasks:
        if task.number in known and known[task.number].values != task.values:
            problem = f"tried {known[task.number].values} as trial {task.number}, but {task.values} is asked for"
            raise Refused(journal.path.name, problem, "it is of another search: move it away")
