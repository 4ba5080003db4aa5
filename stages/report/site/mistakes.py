"""Which test texts are answered wrongly: by most runs, by one of two configurations alone, by what is in them."""

from itertools import permutations
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.analysis.answers import Predictions
from stages.core.free_text import plain
from stages.data.card import Card
from stages.report.entries.inputs import Results
from stages.report.entries.quotes import excerpt
from stages.report.numbers.units import PERCENT, text
from stages.report.site.phenomena import phenomena
from stages.report.site.shown import Shown
from stages.report.site.study_data import StudyData

HARDEST, OF_A_PAIR = 25, 5
MOST_TEXTS = 200  # that the page shows of a test split
# Licences under which excerpts may be passed on, by how their names begin; one that forbids changes is not among them.
OPEN = ("mit", "apache", "bsd", "cc0", "cc-by-4", "cc-by-3", "cc-by-2", "cc-by-sa", "cc by 4", "cc by 3", "cc by-sa")
OPEN += ("odc-by", "odbl", "pddl", "unlicense", "public domain", "cc-by", "isc", "wtfpl")
NOT_OPEN = ("nd", "nc")  # parts of such a name


class Hard(NamedTuple):
    """A text and how many runs get it wrong."""

    row: int
    label: str
    wrong: int


class Mistakes(NamedTuple):
    """``texts`` by row, the few that may be shown. ``pairs``: by architecture, first and second configuration, how many
    texts all runs of the first get right and all of the second wrong, and rows of a few of them."""

    runs: int
    hardest: list[Hard]
    texts: dict[int, str]
    labels: dict[int, str]
    pairs: dict[str, dict[str, dict[str, tuple[int, list[int]]]]]
    phenomena: list[tuple[str, str]]  # name, how many texts
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
    known = phenomena(results.card, test)
    return Mistakes(
        runs=sum(len(answers) for answers in right.values()),
        hardest=[Hard(row, labels[row], int(wrong[row])) for row in rows],
        texts={row: _excerpt(test.iloc[row]) for row in list(named)[:MOST_TEXTS]} if shows else {},
        labels={row: labels[row] for row in named},
        pairs=pairs,
        phenomena=[(phenomenon.name, text(phenomenon.has.sum())) for phenomenon in known],
        by_phenomenon=[
            (
                study.label(architecture),
                study.label(configuration),
                [study.printer.show(float(answers[:, each.has].mean()), PERCENT) for each in known],
            )
            for (architecture, configuration), answers in right.items()
        ],
    )


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
    return " \N{DOUBLE VERTICAL LINE} ".join(excerpt(row[column]) for column in ("text", "pair") if column in row)
