"""Numbers of the published claims, and the claims in LaTeX: quotations, rules, ``1 of 3``."""

import math
import re

from stages.published.claims import SOURCE, UNDECIDED, Claims, Evaluation, Figure, Judged
from stages.report.numbers.latex import Latex, named
from stages.report.numbers.ledger import NOT_MEASURED, Ledger, Source
from stages.report.numbers.units import COUNT, POINTS, UNITS, Format

CLAIMS = Claims.path()
STATED = UNITS | {"points": POINTS}  # a bound has no sign


def enter_claim(ledger: Ledger, claim: Judged, place: str) -> None:
    """How many of its comparisons hold, on the published figures and in other readings, and what they extend over.

    Args:
        place: of the claim in its file.
    """
    key = f"claim.{claim.id}"
    _counts(ledger, key, claim.published, f"{place}.published")
    _counts(ledger, f"{key}.here", claim.reproduced, f"{place}.reproduced")
    for kind, readings in (("readings", claim.readings), ("thresholds", claim.thresholds)):
        for index, reading in enumerate(readings):
            _counts(ledger, f"{key}.{kind}.{index}", reading.published, f"{place}.{kind}.{index}.published")
    decided = [figure for figure in claim.published.figures if figure.verdict != UNDECIDED]
    forms = {figure.key.rpartition(".")[2] for figure in decided}
    if len(forms) != 1 or forms == {"undominated"}:  # figures of several kinds have no common extent
        return
    by_value = sorted(decided, key=lambda figure: figure.value)
    for end, figure in {"least": by_value[0], "most": by_value[-1]}.items():
        source = Source(figure.source, figure.source_key)
        ledger.add(f"{key}.{end}", figure.value, UNITS[figure.unit], source, optional=True)


def _counts(ledger: Ledger, key: str, evaluation: Evaluation, place: str) -> None:
    counts = {
        "holding": (evaluation.holding, f"{place}.holding"),
        "decided": (evaluation.holding + evaluation.failing, f"{place}.holding + failing"),
        "open": (evaluation.undecided, f"{place}.undecided"),
    }
    for name, (count, source_key) in counts.items():
        ledger.add(f"{key}.{name}", count, COUNT, Source(CLAIMS, source_key), optional=True)


def k_of_n(ledger: Ledger, key: str) -> Latex:
    """``1 of 3``, the comparisons that hold of those that are decided; a dash where none is."""
    if ledger.as_printed(f"{key}.decided") == "0":
        return NOT_MEASURED
    return Latex(f"{ledger.numeral(f'{key}.holding')} of {ledger.numeral(f'{key}.decided')}")


def extent(ledger: Ledger, key: str) -> Latex:
    """``95.7 to 98.1%``, what the decided comparisons extend over; a dash where they are of several kinds."""
    least, most = f"{key}.least", f"{key}.most"
    if not ledger.has(least):
        return NOT_MEASURED
    if ledger.as_printed(least) == ledger.as_printed(most):
        return ledger.number(most)
    return Latex(f"{ledger.numeral(least)} to {ledger.number(most)}")


def quotation(ledger: Ledger, claim: Judged) -> Latex:
    """The published words as they stand, without quotation marks."""
    return ledger.quoted(f"claim.{claim.id}.quotation", claim.quotation, Source(SOURCE, f"{claim.id}.quotation"))


def _as_stated(figure: Figure) -> Format:
    """With as many places as it has: 84%, 89.5%."""
    unit = STATED[figure.unit]
    shown = round(figure.value * unit.scale, 9)
    places = next((n for n in range(unit.decimals) if math.isclose(round(shown, n), shown)), unit.decimals)
    return unit._replace(decimals=places)


def worded(ledger: Ledger, key: str, words: str, stated: list[Figure]) -> Latex:
    """A rule or a reading: its figures from the ledger, entered here once, and its words as names."""
    figures = {figure.key: figure for figure in stated}
    latex = ""
    for index, part in enumerate(re.split(r"\{([^{}]+)\}", words)):
        is_figure = index % 2 == 1  # split puts what the group matched between the rest
        if not is_figure:
            latex += named(part) if part else ""
            continue
        figure, number = figures[part], f"{key}.stated.{part}"
        if not ledger.has(number):
            source = Source(figure.source, figure.source_key)
            ledger.add(number, figure.value, _as_stated(figure), source, optional=True)
        latex += ledger.number(number)
    return Latex(latex)
