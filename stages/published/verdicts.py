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
from stages.published.evidence import Estimate, Evidence, Finding, Gap, name
from stages.published.reconciliation import Contradiction

COLUMNS = {
    "accuracy": ("acc_pct", "acc_1e-5_pct", "acc_2e-5_pct"),
    "memory": ("vram_gb",),
    "seconds": ("time_s",),
    "parameters": ("params_m",),
}
SMALL = "a small-scale profile decides nothing about the full-size study"


class Part(NamedTuple):
    """One comparison of a test."""

    label: str
    finding: Finding
    figure: Figure | None
    verdict: Verdict


def judge(
    key: str,
    claim: Claim,
    published: Evidence,
    reproduced: Evidence,
    small_scale: bool,
    contradictions: list[Contradiction],
) -> Judged:
    """Both verdicts of a claim."""
    return Judged(
        id=key,
        topic=claim.topic,
        sentence=claim.sentence,
        source=claim.source,
        stated=stated_figures(key, claim),
        published=evaluate(claim, published),
        reproduced=evaluate(claim, reproduced, small_scale),
        contradicted_cells=contradicted(claim, published.architectures, contradictions),
    )


def evaluate(claim: Claim, evidence: Evidence, small_scale: bool = False) -> Evaluation:
    """All parts must hold; one that fails refutes the claim, whatever the others lack."""
    parts = [part for test in claim.tests for part in _parts(claim, test, evidence)]
    verdicts = {part.verdict for part in parts}
    observed = FAILS if FAILS in verdicts else UNDECIDED if UNDECIDED in verdicts else HOLDS
    return Evaluation(
        verdict=UNDECIDED if small_scale else observed,
        reason=SMALL if small_scale else _reason(parts, observed),
        test=evidence.test,
        observation=observed,
        observation_reason=_reason(parts, observed),
        figures=[part.figure for part in parts if part.figure],
    )


def decide(found: Estimate, low: float, high: float) -> Verdict:
    """Whether the whole interval lies within the bounds, or wholly beyond one; zero itself is no improvement.

    A difference tested against zero must also be significant after Holm's correction.
    """
    if low == 0 and found.p is not None and found.p >= LEVEL:
        return UNDECIDED
    strict = low in (0, 1) and high == math.inf  # "more than"
    if found.high < low or found.low > high or (strict and found.high <= low):
        return FAILS
    inside = (found.low > low if strict else found.low >= low) and found.high <= high
    return HOLDS if inside else UNDECIDED


def contradicted(claim: Claim, architectures: list[str], contradictions: list[Contradiction]) -> list[str]:
    """Printed cells of the tables that the claim speaks of and that their own runs contradict."""
    return [
        c.id
        for c in contradictions
        if any(
            c.architecture in (test.architectures or architectures)
            and c.configuration in _named(test)
            and c.column in COLUMNS[test.quantity]
            for test in claim.tests
        )
    ]


def _named(test: Test) -> set[str]:
    return {*test.cells, *(test.over or []), *(cell for pair in test.pairs for cell in pair)}


def _parts(claim: Claim, test: Test, evidence: Evidence) -> list[Part]:
    low, high = _bounds(claim, test, evidence.reproduced)
    parts = []
    for architecture in test.architectures or evidence.architectures:
        for cells in test.pairs or [[cell] for cell in test.cells]:
            found, label = _find(test, evidence, architecture, cells), name(architecture, *cells)
            if isinstance(found, Gap):
                parts.append(Part(label, found, None, UNDECIDED))
            else:
                verdict = decide(found, low, high)
                parts.append(Part(label, found, _figure(test, architecture, cells, found, verdict), verdict))
    return parts


def _bounds(claim: Claim, test: Test, reproduced: bool) -> tuple[float, float]:
    value = {key: figure.value for key, figure in claim.figures.items()}
    if test.about is not None:
        half = value[test.margin if reproduced else test.rounding] + 1e-9  # a printed figure is a rounded one
        return value[test.about] - half, value[test.about] + half
    return (
        value[test.low] if test.low is not None else -math.inf,
        value[test.high] if test.high is not None else math.inf,
    )


def _find(test: Test, evidence: Evidence, architecture: str, cells: list[str]) -> Finding:
    if test.form == "value":
        return evidence.value(test.quantity, architecture, *cells)
    if test.form == "spread":
        return evidence.spread(architecture, *cells)
    if test.form in ("ratio", "reduction"):
        ratio = evidence.ratio(test.quantity, architecture, *cells)
        return ratio if test.form == "ratio" or isinstance(ratio, Gap) else _reduction(ratio)
    gain = evidence.difference(architecture, *cells)
    return gain if test.form == "difference" else _contrast(gain, evidence.difference(architecture, *test.over))


def _reduction(ratio: Estimate) -> Estimate:
    ends = {"value": 1 - ratio.value, "low": 1 - ratio.high, "high": 1 - ratio.low}
    return ratio._replace(**ends, key=f"1 - ({ratio.key})")


def _contrast(gain: Finding, other: Finding) -> Finding:
    """The half-widths add: conservative, whatever the correlation of the two."""
    for found in (gain, other):
        if isinstance(found, Gap):
            return found
    ends = gain.low - other.high, gain.high - other.low
    return Estimate(
        gain.value - other.value, *ends, gain.source, f"({gain.key}) - ({other.key})", note=gain.note or other.note
    )


def _figure(test: Test, architecture: str, cells: list[str], found: Estimate, verdict: Verdict) -> Figure:
    return Figure(
        key=".".join([architecture, *cells, test.quantity, test.form]),
        value=found.value,
        low=found.low,
        high=found.high,
        p=found.p,
        unit=_unit(test.form, test.quantity),
        source=found.source,
        source_key=found.key,
        verdict=verdict,
    )


def _unit(form: Form, quantity: Quantity) -> UnitName:
    if form in ("difference", "contrast"):
        return "points"
    if form == "value":
        return {"memory": "bytes"}.get(quantity, quantity)
    return "share" if form == "reduction" or (form == "ratio" and quantity == "accuracy") else "ratio"


def _reason(parts: list[Part], observed: Verdict) -> str:
    """Names the parts that decide."""
    if observed == HOLDS:
        return "every comparison lies within the bounds"
    deciding = [part for part in parts if part.verdict == observed]
    return "; ".join(dict.fromkeys(_said(part) for part in deciding))


def _said(part: Part) -> str:
    if isinstance(part.finding, Gap):
        return part.finding.reason
    if part.verdict == FAILS:
        return f"{part.label}: {{{part.figure.key}}} lies outside the bounds"
    return part.finding.note or f"{part.label}: the interval of {{{part.figure.key}}} does not decide"
