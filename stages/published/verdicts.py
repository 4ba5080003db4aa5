"""From evidence to verdicts: each claim's tests on the published runs and on our records."""

import math
from typing import NamedTuple

from stages.analysis.statistics import LEVEL
from stages.published.claims import (
    FAILS,
    HOLDS,
    SOURCE,
    UNDECIDED,
    Claim,
    Conclusion,
    Evaluation,
    Figure,
    Judged,
    ReadAs,
    Reading,
    Test,
    Verdict,
    stated_figures,
)
from stages.published.evidence import Estimate, Evidence, NoEstimateError, cell_name, estimate_of, unit_of
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
    holding: int = 0
    failing: int = 0
    undecided: int = 0


def judge(
    key: str,
    claim: Claim,
    published: Evidence,
    reproduced: Evidence,
    why_undecided: str | None,
    contradictions: list[Contradiction],
) -> Judged:
    """Both verdicts of a claim; ``why_undecided``: what keeps our records from deciding about the published study."""
    evaluation = evaluate(claim, published)
    readings = _read_as(f"{key}.readings", claim, claim.readings, published)
    return Judged(
        id=key,
        topic=claim.topic,
        quotation=claim.quotation,
        place=claim.place,
        rule=claim.rule,
        stated=stated_figures(key, claim.figures),
        published=evaluation,
        reproduced=evaluate(claim, reproduced, why_undecided),
        readings=readings,
        thresholds=_read_as(f"{key}.thresholds", claim, claim.thresholds, published),
        conclusion=conclude([evaluation, *(reading.published for reading in readings)]),
        contradicted_cells=contradicted(claim, published.architectures, contradictions),
    )


def conclude(evaluations: list[Evaluation]) -> Conclusion:
    """What the readings of a claim have in common, those aside that decide nothing."""
    verdicts = {evaluation.verdict for evaluation in evaluations} - {UNDECIDED}
    if len(verdicts) > 1:
        return "depends on the reading"
    if not verdicts:
        return "undecided"
    return "holds" if verdicts == {HOLDS} else "contradicted"


def _read_as(place: str, claim: Claim, readings: list[Reading], evidence: Evidence) -> list[ReadAs]:
    found = []
    for index, reading in enumerate(readings):
        stated = stated_figures(f"{place}.{index}", reading.figures)
        evaluation = evaluate(claim.read_as(reading), evidence)
        found.append(ReadAs(words=reading.words, stated=stated, published=evaluation))
    return found


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
        holding=sum(part.holding for part in parts),
        failing=sum(part.failing for part in parts),
        undecided=sum(part.undecided for part in parts),
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
    if test.form == "matching":
        return [_matching(test, evidence, *bounds)]
    if test.form == "stated":
        return [_stated(claim, test, evidence, *bounds)]
    parts = []
    for architecture in test.architectures or evidence.architectures:
        for configurations in test.pairs or [[cell] for cell in test.cells]:
            parts.append(_part(test, evidence, architecture, configurations, *bounds))
    return parts


def _part(
    test: Test, evidence: Evidence, architecture: str, configurations: list[str], low: float, high: float
) -> Part:
    try:
        estimate = estimate_of(test, evidence, architecture, configurations)
    except NoEstimateError as error:
        return Part(UNDECIDED, str(error), None, undecided=1)
    verdict = decide(estimate, low, high)
    figure = _figure(test, architecture, configurations, estimate, verdict)
    name = cell_name(architecture, *configurations)
    if verdict == FAILS:
        reason = f"{name}: {{{figure.key}}} lies outside the bounds"
    else:
        reason = estimate.note or f"{name}: the interval of {{{figure.key}}} does not decide"
    return Part(verdict, reason, figure, **_counted(verdict))


def _counted(verdict: Verdict) -> dict[str, int]:
    return {"holding": verdict == HOLDS, "failing": verdict == FAILS, "undecided": verdict == UNDECIDED}


def _matching(test: Test, evidence: Evidence, low: float, high: float) -> Part:
    """Every cell of the printed tables is a comparison of its own."""
    try:
        share, holding, cells = evidence.matching()
    except NoEstimateError as error:
        return Part(UNDECIDED, str(error), None, undecided=1)
    verdict = decide(share, low, high)
    figure = _figure(test, "tables", [], share, verdict)
    return Part(verdict, f"{{{figure.key}}} of the cells are as their runs have them", figure, holding, cells - holding)


def _stated(claim: Claim, test: Test, evidence: Evidence, low: float, high: float) -> Part:
    """The reduction between two figures of the claim, each rounded to what is printed."""
    if evidence.reproduced:
        return Part(UNDECIDED, "records say nothing about figures that somebody else printed", None, undecided=1)
    before, after = (claim.figures[name].value for name in test.stated)
    half = 0 if test.rounding is None else claim.figures[test.rounding].value
    reduction = Estimate(
        value=1 - after / before,
        low=1 - (after + half) / (before - half),
        high=1 - (after - half) / (before + half),
        source=str(SOURCE),
        key=f"1 - figures.{test.stated[1]} / figures.{test.stated[0]}",
    )
    verdict = decide(reduction, low, high)
    figure = _figure(test, "claim", [], reduction, verdict)
    return Part(verdict, f"{{{figure.key}}} is the saving of the two figures", figure, **_counted(verdict))


def _bounds(claim: Claim, test: Test, reproduced: bool) -> tuple[float, float]:
    """Lowest and highest value that holds; infinite where the test has no such bound."""
    value = {key: figure.value for key, figure in claim.figures.items()}
    if test.form == "undominated":
        return 0, math.inf
    if test.about is not None:
        half = value[test.margin if reproduced else test.rounding] + 1e-9  # a printed figure is a rounded one
        return value[test.about] - half, value[test.about] + half
    low = -math.inf if test.low is None else value[test.low]
    high = math.inf if test.high is None else value[test.high]
    return low, high


def _figure(test: Test, architecture: str, configurations: list[str], estimate: Estimate, verdict: Verdict) -> Figure:
    return Figure(
        key=".".join([architecture, *configurations, test.quantity, test.form]),
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        p=estimate.p,
        unit=unit_of(test.form, test.quantity),
        source=estimate.source,
        source_key=estimate.key,
        verdict=verdict,
    )
