"""Claims as the page shows them: quotation, evidence, verdict."""

import re
from typing import NamedTuple

from stages.core.free_text import visible
from stages.published.claims import Evaluation, Figure, Judged
from stages.report.numbers.units import UNITS
from stages.report.site.shown import Shown
from stages.report.site.study_data import StudyData


class Piece(NamedTuple):
    """Words, or a number among them."""

    words: str
    number: Shown | None


class EvidenceRow(NamedTuple):
    """A figure that a verdict rests on."""

    comparison: str
    value: Shown
    interval: str
    source: str
    verdict: str


class Side(NamedTuple):
    """One of two judgements of a claim: what its figures say alone, and what that decides of the published study."""

    verdict: str
    reason: list[Piece]
    observation: str
    observation_reason: list[Piece]
    decides: bool  # whether the two are the same
    test: str
    evidence: list[EvidenceRow]


class Reading(NamedTuple):
    """The claim read otherwise, and what the printed figures say of it then."""

    words: list[Piece]
    verdict: str


class ClaimView(NamedTuple):
    """One claim; ``rule`` says what is compared, ``conclusion`` what all readings have in common."""

    topic: str
    quotation: str
    place: str
    rule: list[Piece]
    conclusion: str
    published: Side
    readings: list[Reading]
    reproduced: Side


def claim_views(study: StudyData) -> list[ClaimView]:
    """In their order; none where the published study is not discussed."""
    return [_view(study, claim) for claim in study.claims]


def _view(study: StudyData, claim: Judged) -> ClaimView:
    key = f"claim.{claim.id}"
    readings = []
    for kind in ("readings", "thresholds"):
        for index, reading in enumerate(getattr(claim, kind)):
            words = _pieces(study, reading.words, reading.stated, f"{key}.{kind}.{index}")
            readings.append(Reading(words, reading.published.verdict))
    return ClaimView(
        topic=visible(claim.topic),
        quotation=claim.quotation,
        place=claim.place,
        rule=_pieces(study, claim.rule, claim.stated, key),
        conclusion=claim.conclusion,
        published=_side(study, claim.published, f"{key}.published"),
        readings=readings,
        reproduced=_side(study, claim.reproduced, f"{key}.reproduced"),
    )


def _side(study: StudyData, evaluation: Evaluation, prefix: str) -> Side:
    return Side(
        verdict=evaluation.verdict,
        reason=_pieces(study, evaluation.reason, evaluation.figures, prefix),
        observation=evaluation.observation,
        observation_reason=_pieces(study, evaluation.observation_reason, evaluation.figures, prefix),
        decides=(evaluation.verdict, evaluation.reason) == (evaluation.observation, evaluation.observation_reason),
        test=evaluation.test,
        evidence=[_row(study, figure, prefix) for figure in evaluation.figures],
    )


def _row(study: StudyData, figure: Figure, prefix: str) -> EvidenceRow:
    low, high = (_shown(study, figure.model_copy(update={"value": end}), "") for end in (figure.low, figure.high))
    return EvidenceRow(
        comparison=_in_words(study, figure.key),
        value=_shown(study, figure, prefix),
        interval="" if figure.low == figure.high else f"{low.text} to {high.text}",
        source=f"{figure.source}: {figure.source_key}",
        verdict=figure.verdict or "",
    )


def _in_words(study: StudyData, key: str) -> str:
    """``distilbert.full.lora.accuracy.ratio`` with the names of its parts as readers know them."""
    return " \N{MIDDLE DOT} ".join(study.label(part) for part in key.split("."))


def _pieces(study: StudyData, text: str, figures: list[Figure], prefix: str) -> list[Piece]:
    by_key = {figure.key: figure for figure in figures}
    pieces = []
    for index, part in enumerate(re.split(r"\{([^{}]+)\}", text)):
        is_figure = index % 2 == 1  # split puts what the group matched between the rest
        if is_figure:
            pieces.append(Piece("", _shown(study, by_key[part], prefix)))
        elif part:
            pieces.append(Piece(part, None))
    return pieces


def _shown(study: StudyData, figure: Figure, prefix: str) -> Shown:
    return study.printer.show(figure.value, UNITS[figure.unit], f"{prefix}.{figure.key}" if prefix else None)
