"""Claims as the page shows them: quotation, evidence, verdict."""

import re
from typing import NamedTuple

from stages.core.free_text import visible
from stages.published.claims import FAILS, HOLDS, UNDECIDED, Claims, Evaluation, Figure, Judged
from stages.report.numbers.ledger import Source
from stages.report.numbers.units import UNITS
from stages.report.site.shown import Shown
from stages.report.site.study_data import StudyData

# One word for a verdict, that of the paper's tables, whoever is judged.
WORDS = {HOLDS: "holds", FAILS: "contradicted", UNDECIDED: "undecided"}


class Piece(NamedTuple):
    """Words, or a number among them."""

    words: str
    number: Shown | None


class EvidenceRow(NamedTuple):
    """A figure that a verdict rests on."""

    comparison: str
    value: Shown
    low: Shown | None
    high: Shown | None
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
            words = _pieces(study, reading.words, reading.stated, f"{key}.{kind}.{index}.stated")
            readings.append(Reading(words, in_a_word(reading.published.verdict)))
    return ClaimView(
        topic=visible(claim.topic),
        quotation=claim.quotation,
        place=claim.place,
        rule=_pieces(study, claim.rule, claim.stated, f"{key}.stated"),
        conclusion=in_a_word(claim.conclusion),
        published=_side(study, claim.published, f"{key}.published"),
        readings=readings,
        reproduced=_side(study, claim.reproduced, f"{key}.reproduced"),
    )


def _side(study: StudyData, evaluation: Evaluation, prefix: str) -> Side:
    return Side(
        verdict=in_a_word(evaluation.verdict),
        reason=_pieces(study, evaluation.reason, evaluation.figures, prefix),
        observation=in_a_word(evaluation.observation),
        observation_reason=_pieces(study, evaluation.observation_reason, evaluation.figures, prefix),
        decides=(evaluation.verdict, evaluation.reason) == (evaluation.observation, evaluation.observation_reason),
        test=evaluation.test,
        evidence=[_row(study, figure, prefix) for figure in evaluation.figures],
    )


def _row(study: StudyData, figure: Figure, prefix: str) -> EvidenceRow:
    low, high = (_end(study, figure, prefix, end) for end in ("low", "high"))
    is_point = figure.low == figure.high
    return EvidenceRow(
        comparison=_in_words(study, figure.key),
        value=_shown(study, figure, prefix),
        low=None if is_point else low,
        high=None if is_point else high,
        source=f"{figure.source}: {figure.source_key}",
        verdict=in_a_word(figure.verdict) if figure.verdict else "",
    )


def in_a_word(verdict: str) -> str:
    """A verdict as the page has it everywhere."""
    return WORDS.get(verdict, verdict)


def _end(study: StudyData, figure: Figure, prefix: str, end: str) -> Shown:
    """An end of a figure's interval."""
    source = Source(Claims.path(), f"{prefix}: figures where {figure.key}: {end}")
    return study.printer.show(getattr(figure, end), UNITS[figure.unit], f"{prefix}.{figure.key}.{end}", source)


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
    source = Source(figure.source, figure.source_key)
    return study.printer.show(figure.value, UNITS[figure.unit], f"{prefix}.{figure.key}", source)
