"""From evidence to verdicts: each claim's tests on the published runs and on our records."""

import math
from typing import NamedTuple

from stages.analysis.statistics import LEVEL
from stages.published.claims import (
    FAILS,
    HOLDS,
    UNDECIDED,
    Claim,
    Evaluation,
    Figure,
    Form,
    Judged,
    Quantity,
    Test,
    UnitName,
    Verdict,
    stated_figures,
)
from stages.published.evidence import Estimate, Evidence, NoEstimateError, cell_name
from stages.published.reconciliation import Contradiction

COLUMNS = {  # of the printed tables, by quantity
    "accuracy": ("acc_pct", "acc_1e-5_pct", "acc_2e-5_pct"),
    "memory": ("vram_gb",),
    "seconds": ("time_s",),
    "parameters": ("params_m",),
}


class Part(NamedTuple):
    """One comparison of a test; the reason says why it fails or is undecided, ``{key}`` in it stands for the figure."""

    verdict: Verdict
    reason: str
    figure: Figure | None


def judge(
    key: str,
    claim: Claim,
    published: Evidence,
    reproduced: Evidence,
    why_undecided: str | None,
    contradictions: list[Contradiction],
) -> Judged:
    """Both verdicts of a claim; ``why_undecided``: what keeps our records from deciding about the published study."""
    return Judged(
        id=key,
        topic=claim.topic,
        sentence=claim.sentence,
        source=claim.source,
        stated=stated_figures(key, claim),
        published=evaluate(claim, published),
        reproduced=evaluate(claim, reproduced, why_undecided),
        contradicted_cells=contradicted(claim, published.architectures, contradictions),
    )


def evaluate(claim: Claim, evidence: Evidence, why_undecided: str | None = None) -> Evaluation:
    """All parts must hold; one that fails refutes the claim, whatever the others lack."""
    parts = []
    for test in claim.tests:
        parts += _parts(claim, test, evidence)
    observation = _together({part.verdict for part in parts})
    reason = _reason(parts, observation)
    return Evaluation(
        verdict=UNDECIDED if why_undecided else observation,
        reason=why_undecided or reason,
        test=evidence.test,
        observation=observation,
        observation_reason=reason,
        figures=[part.figure for part in parts if part.figure],
    )


def _together(verdicts: set[Verdict]) -> Verdict:
    if FAILS in verdicts:
        return FAILS
    return UNDECIDED if UNDECIDED in verdicts else HOLDS


def _reason(parts: list[Part], observation: Verdict) -> str:
    """Names the parts that decide, each reason once."""
    if observation == HOLDS:
        return "every comparison lies within the bounds"
    return "; ".join(dict.fromkeys(part.reason for part in parts if part.verdict == observation))


def decide(estimate: Estimate, low: float, high: float) -> Verdict:
    """Whether the whole interval lies within the bounds, or wholly beyond one; zero itself is no improvement.

    A difference tested against zero must also be significant after Holm's correction.
    """
    if low == 0 and estimate.p is not None and estimate.p >= LEVEL:
        return UNDECIDED
    more_than = low in (0, 1) and high == math.inf  # the bound itself, no change, does not hold
    if estimate.high < low or estimate.low > high or (more_than and estimate.high <= low):
        return FAILS
    above = estimate.low > low if more_than else estimate.low >= low
    return HOLDS if above and estimate.high <= high else UNDECIDED


def contradicted(claim: Claim, architectures: list[str], contradictions: list[Contradiction]) -> list[str]:
    """Printed cells of the tables that the claim speaks of and that their own runs contradict."""
    ids = []
    for cell in contradictions:
        if any(_speaks_of(test, cell, test.architectures or architectures) for test in claim.tests):
            ids.append(cell.id)
    return ids


def _speaks_of(test: Test, cell: Contradiction, architectures: list[str]) -> bool:
    configurations = {*test.cells, *(test.over or [])}.union(*test.pairs)
    return (
        cell.architecture in architectures
        and cell.configuration in configurations
        and cell.column in COLUMNS[test.quantity]
    )


def _parts(claim: Claim, test: Test, evidence: Evidence) -> list[Part]:
    """The test's comparisons: each pair, or each cell, in each architecture."""
    bounds = _bounds(claim, test, evidence.reproduced)
    parts = []
    for architecture in test.architectures or evidence.architectures:
        for configurations in test.pairs or [[cell] for cell in test.cells]:
            parts.append(_part(test, evidence, architecture, configurations, *bounds))
    return parts


def _part(
    test: Test, evidence: Evidence, architecture: str, configurations: list[str], low: float, high: float
) -> Part:
    try:
        estimate = _estimate(test, evidence, architecture, configurations)
    except NoEstimateError as error:
        return Part(UNDECIDED, str(error), None)
    verdict = decide(estimate, low, high)
    figure = _figure(test, architecture, configurations, estimate, verdict)
    name = cell_name(architecture, *configurations)
    if verdict == FAILS:
        reason = f"{name}: {{{figure.key}}} lies outside the bounds"
    else:
        reason = estimate.note or f"{name}: the interval of {{{figure.key}}} does not decide"
    return Part(verdict, reason, figure)


def _bounds(claim: Claim, test: Test, reproduced: bool) -> tuple[float, float]:
    """Lowest and highest value that holds; infinite where the test has no such bound."""
    value = {key: figure.value for key, figure in claim.figures.items()}
    if test.about is not None:
        half = value[test.margin if reproduced else test.rounding] + 1e-9  # a printed figure is a rounded one
        return value[test.about] - half, value[test.about] + half
    low = -math.inf if test.low is None else value[test.low]
    high = math.inf if test.high is None else value[test.high]
    return low, high


def _estimate(test: Test, evidence: Evidence, architecture: str, configurations: list[str]) -> Estimate:
    """What the evidence says about the test's quantity in the test's form.

    Raises:
        NoEstimateError: nothing.
    """
    if test.form == "value":
        return evidence.value(test.quantity, architecture, *configurations)
    if test.form == "spread":
        return evidence.spread(architecture, *configurations)
    if test.form == "ratio":
        return evidence.ratio(test.quantity, architecture, *configurations)
    if test.form == "reduction":
        return _reduction(evidence.ratio(test.quantity, architecture, *configurations))
    difference = evidence.difference(architecture, *configurations)
    if test.form == "difference":
        return difference
    return _contrast(difference, evidence.difference(architecture, *test.over))


def _reduction(ratio: Estimate) -> Estimate:
    return ratio._replace(value=1 - ratio.value, low=1 - ratio.high, high=1 - ratio.low, key=f"1 - ({ratio.key})")


def _contrast(gain: Estimate, other: Estimate) -> Estimate:
    """The half-widths add: conservative, whatever the correlation of the two."""
    return Estimate(
        value=gain.value - other.value,
        low=gain.low - other.high,
        high=gain.high - other.low,
        source=gain.source,
        key=f"({gain.key}) - ({other.key})",
        note=gain.note or other.note,
    )


def _figure(test: Test, architecture: str, configurations: list[str], estimate: Estimate, verdict: Verdict) -> Figure:
    return Figure(
        key=".".join([architecture, *configurations, test.quantity, test.form]),
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        p=estimate.p,
        unit=_unit(test.form, test.quantity),
        source=estimate.source,
        source_key=estimate.key,
        verdict=verdict,
    )


def _unit(form: Form, quantity: Quantity) -> UnitName:
    if form in ("difference", "contrast"):
        return "points"
    if form == "value":
        return "bytes" if quantity == "memory" else quantity
    if form == "reduction" or (form == "ratio" and quantity == "accuracy"):
        return "share"
    return "ratio"
