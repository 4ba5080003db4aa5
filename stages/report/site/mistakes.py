"""Which test texts are answered wrongly: by most runs, by one of two configurations alone, by what is in them."""

from collections.abc import Callable
from itertools import permutations
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.analysis.answers import Predictions
from stages.analysis.runs import RUNS
from stages.core.free_text import plain
from stages.data.card import Card
from stages.report.entries.inputs import Results
from stages.report.entries.quotes import excerpt
from stages.report.numbers.ledger import Source
from stages.report.numbers.units import PERCENT
from stages.report.site.phenomena import Phenomenon, phenomena
from stages.report.site.shown import Shown
from stages.report.site.study_data import StudyData

HARDEST, OF_A_PAIR = 25, 5
TEST = "data/raw/test.parquet"
MOST_TEXTS = 200  # that the page shows of a test split
# Licences under which excerpts may be passed on, by how their names begin; one that forbids changes is not among them.
OPEN = ("mit", "apache", "bsd", "cc0", "cc-by-4", "cc-by-3", "cc-by-2", "cc-by-sa", "cc by 4", "cc by 3", "cc by-sa")
OPEN += ("odc-by", "odbl", "pddl", "unlicense", "public domain", "cc-by", "isc", "wtfpl")
NOT_OPEN = ("nd", "nc")  # parts of such a name


class Hard(NamedTuple):
    """A text and how many runs get it wrong."""

    row: int
    label: str
    wrong: Shown


class Mistakes(NamedTuple):
    """``texts`` by row, the few that may be shown; ``whole``: those of them that are cut there and may be read whole.

    ``pairs``: by architecture, first and second configuration, how many texts all runs of the first get right and all
    of the second wrong, and rows of a few of them.
    """

    runs: Shown
    hardest: list[Hard]
    texts: dict[int, str]
    whole: dict[int, str]
    labels: dict[int, str]
    pairs: dict[str, dict[str, dict[str, tuple[int, list[int]]]]]
    phenomena: list[tuple[str, Shown]]  # name, how many texts
    by_phenomenon: list[tuple[str, str, list[Shown]]]  # architecture, configuration, accuracy on each phenomenon


def may_be_shown(card: Card) -> bool:
    """Whether excerpts of the texts may be passed on: they are generated, or the card's licence says so."""
    if card.source == "generated":
        return True
    licence = (card.licence or "").lower()
    words = licence.replace("-", " ").split()
    return licence.startswith(OPEN) and not set(NOT_OPEN) & set(words)


def mistakes(study: StudyData, results: Results, predictions: Predictions, test: pd.DataFrame) -> Mistakes:
    """Of the headline grid.

    Args:
        test: the test split; its rows are those of the predictions.
    """
    right = right_by_cell(predictions)
    wrong = sum((~answers).sum(axis=0) for answers in right.values()) if right else np.zeros(len(test), dtype=int)
    order = np.lexsort((np.arange(len(test)), -wrong))
    rows = [int(row) for row in order[:HARDEST] if wrong[row]]
    classes = results.card.classes
    labels = [plain(classes[label]) for label in test["label"]]
    pairs = disagreements(right, rows, results.study.compares_all_pairs, results)
    named = dict.fromkeys(rows) | dict.fromkeys(
        row for firsts in pairs.values() for seconds in firsts.values() for _, few in seconds.values() for row in few
    )
    shows = may_be_shown(results.card) and results.study.paper.examples
    shown = list(named)[:MOST_TEXTS] if shows else []
    texts = {row: _excerpt(test.iloc[row]) for row in shown}
    whole = {row: _whole(test.iloc[row]) for row in shown} if results.card.source == "generated" else {}
    known = phenomena(results.card, test)
    _enter_pairs(study, pairs)
    every = sum(len(answers) for answers in right.values())
    return Mistakes(
        runs=study.printer.count(every, "page.headline_runs", Source(RUNS, "rows of headline runs")),
        hardest=[Hard(row, labels[row], _wrong(study, right, row, int(wrong[row]))) for row in rows],
        texts=texts,
        whole={row: words for row, words in whole.items() if words != texts[row]},
        labels={row: labels[row] for row in named},
        pairs=pairs,
        phenomena=[(each.name, _texts_with(study, each)) for each in known],
        by_phenomenon=[
            (study.label(cell[0]), study.label(cell[1]), [_accuracy_on(study, cell, answers, each) for each in known])
            for cell, answers in right.items()
        ],
    )


def _wrong(study: StudyData, right: dict[tuple[str, str], np.ndarray], row: int, runs: int) -> Shown:
    first = next(iter(right))
    key = f"prediction is not label in row {row}: how many of this file and those of the other headline runs"
    return study.printer.count(runs, f"page.wrong.{row}", Source(study.predictions(*first), key))


def _texts_with(study: StudyData, phenomenon: Phenomenon) -> Shown:
    key = f"page.texts.{_slug(phenomenon)}"
    return study.printer.count(int(phenomenon.has.sum()), key, Source(TEST, f"rows with {phenomenon.name}"))


def _accuracy_on(study: StudyData, cell: tuple[str, str], answers: np.ndarray, phenomenon: Phenomenon) -> Shown:
    words = f"share of prediction = label in this file and those of the other seeds, over texts with {phenomenon.name}"
    source = study.source(study.predictions(*cell), words, *cell)
    key = f"page.accuracy.{cell[0]}.{cell[1]}.{_slug(phenomenon)}"
    return study.printer.show(float(answers[:, phenomenon.has].mean()), PERCENT, key, source)


def _enter_pairs(study: StudyData, pairs: dict[str, dict[str, dict[str, tuple[int, list[int]]]]]) -> None:
    """Of each pair the count, which the script shows."""
    for architecture, firsts in pairs.items():
        for first, seconds in firsts.items():
            for second, (count, _) in seconds.items():
                words = f"rows that all runs of {first} answer right and all of {second} wrong"
                source = study.source(study.predictions(architecture, first), words, architecture, first, second)
                study.printer.count(count, pair_key(architecture, first, second), source)


def pair_key(architecture: str, first: str, second: str) -> str:
    return f"page.apart.{architecture}.{first}.{second}"


def _slug(phenomenon: Phenomenon) -> str:
    return phenomenon.name.replace(" ", "-")


def right_by_cell(predictions: Predictions) -> dict[tuple[str, str], np.ndarray]:
    """By headline cell, whether each of its runs is right about each text: booleans (runs, texts)."""
    answers: dict[tuple[str, str], list[np.ndarray]] = {}
    for run, frame in predictions:
        if run.role == "train":
            of_run = (frame["label"] == frame["prediction"]).to_numpy()
            answers.setdefault((run.architecture, run.configuration), []).append(of_run)
    return {cell: np.stack(of_cell) for cell, of_cell in answers.items()}


def disagreements(
    right: dict[tuple[str, str], np.ndarray], first_rows: list[int], all_pairs: bool, results: Results
) -> dict[str, dict[str, dict[str, tuple[int, list[int]]]]]:
    """See ``Mistakes.pairs``; rows that are shown already come first. Of many configurations, the tested pairs."""
    tested = {(test.architecture, test.first, test.second) for test in results.statistics.comparisons}
    tested |= {(architecture, second, first) for architecture, first, second in tested}
    shown_before = set(first_rows)
    pairs: dict[str, dict[str, dict[str, tuple[int, list[int]]]]] = {}
    for (architecture, first), (other, second) in permutations(right, 2):
        if other != architecture or not (all_pairs or (architecture, first, second) in tested):
            continue
        apart = right[architecture, first].all(axis=0) & ~right[architecture, second].any(axis=0)
        rows = [int(row) for row in np.flatnonzero(apart)]
        few = sorted(rows, key=lambda row: (row not in shown_before, row))[:OF_A_PAIR]
        shown_before |= set(few)
        pairs.setdefault(architecture, {}).setdefault(first, {})[second] = (len(rows), few)
    return pairs


def _excerpt(row: pd.Series) -> str:
    return _joined(row, excerpt)


def _whole(row: pd.Series) -> str:
    return _joined(row, plain)


def _joined(row: pd.Series, shown: Callable[[str], str]) -> str:
    return " \N{DOUBLE VERTICAL LINE} ".join(shown(row[column]) for column in ("text", "pair") if column in row)
