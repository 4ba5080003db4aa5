"""All that the page shows of one study, as its template and its script take it."""

from typing import NamedTuple

from stages.analysis.runs import RUNS
from stages.core.free_text import visible
from stages.data.card import Card
from stages.report.numbers.ledger import Source
from stages.report.numbers.units import WHOLE_SHARE, text
from stages.report.site.cell_rows import HEADLINE, PROBE, CellRow, Cost, cell_rows, costs, points
from stages.report.site.chart_data import Chart, Difference, cost_charts, curve_charts, forest_charts
from stages.report.site.charts import reliability_chart
from stages.report.site.forest import differences
from stages.report.site.from_latex import Run, section, sentences
from stages.report.site.judged import ClaimView, claim_views
from stages.report.site.mistakes import Mistakes
from stages.report.site.run_rows import RunRow, run_details, run_rows
from stages.report.site.shown import Shown
from stages.report.site.study_data import StudyData

RELIABILITY = "Accuracy against confidence of the chosen run, a point a bin; on the dashed line, both are equal."


class HardText(NamedTuple):
    """A text that most configurations get wrong; ``text`` is empty where it may not be shown."""

    row: int
    label: str
    text: str
    whole: str  # where ``text`` is cut and may be read whole
    wrong: Shown


class StudyView(NamedTuple):
    """What the template shows of a study; ``heading`` is what the reader chooses it by."""

    data: StudyData
    heading: str
    title: str  # of the page while the study is shown
    absent: str  # which views the study has not, and why
    hidden: str  # an attribute of HTML: of all studies the page opens with the first
    banner: str | None
    confidence: str
    over: str
    facts: list[tuple[str, list[Shown]]]
    costs: list[Cost]
    cells: list[CellRow]
    has_probes: bool
    names_rates: bool  # whether the page speaks of the base rate or of probes of it
    best: list[CellRow]  # of each architecture the most accurate headline cell
    runs: list[RunRow]
    differences: list[Difference]
    cost_charts: list[Chart]
    curve_charts: list[Chart]
    forest_charts: list[Chart]
    reliability_charts: list[Chart]
    claims: list[ClaimView]
    findings: list[list[Run]]
    summary: list[list[Run]]
    mistakes: Mistakes | None
    hardest: list[HardText]
    all_wrong: Shown | None  # how many runs get each of them wrong, where that is one number
    ceiling: Shown | None


def study_view(data: StudyData, source: str | None, reliability: list[dict], mistakes: Mistakes | None) -> StudyView:
    """What the page shows of a study.

    Args:
        source: the report in LaTeX, of which come the findings; None for a kept study.
        reliability: see ``run_rows.reliability``; empty where predictions are not at hand.
    """
    rows, tested = cell_rows(data), differences(data)
    charts = [Chart("reliability", "reliability", reliability_chart(reliability, RELIABILITY))] if reliability else []
    over = [entry["interval"]["over"] for entry in data.statistics["accuracy"]]
    findings = sentences(section(source, r"\section{Conclusion}", r"\section")) if source else []
    summary = sentences(section(source, r"\begin{abstract}", r"\end{abstract}")) if source else []
    prose = " ".join(run.text for sentence in findings + summary for run in sentence)
    has_probes = any(row.role == PROBE for row in rows)
    return StudyView(
        data=data,
        heading="this build" if data.is_this else f"kept: {data.name}",
        title=f"Results: {data.card.name}" + ("" if data.is_this else f" (kept study {data.name})"),
        absent=_absent(data, mistakes),
        hidden="" if data.is_this else "hidden",
        banner=_banner(data),
        confidence=f"{text(data.statistics['confidence'], WHOLE_SHARE)}%",
        over=over[0] if over else "examples",
        facts=_facts(data),
        costs=costs(data),
        cells=rows,
        has_probes=has_probes,
        names_rates=has_probes or "base rate" in prose,
        best=_best(rows),
        runs=run_rows(data),
        differences=tested,
        cost_charts=cost_charts(data),
        curve_charts=curve_charts(data),
        forest_charts=forest_charts(data, tested),
        reliability_charts=charts,
        claims=claim_views(data),
        findings=findings,
        summary=summary,
        mistakes=mistakes,
        hardest=_hardest(mistakes),
        all_wrong=_all_wrong(mistakes),
        ceiling=_ceiling(data) if mistakes else None,
    )


def for_script(view: StudyView) -> dict[str, object]:
    """What the script needs of a study beside what the template says."""
    groups = {
        "cost": view.cost_charts,
        "curves": view.curve_charts,
        "forest": view.forest_charts,
        "reliability": view.reliability_charts,
    }
    charts = {f"{group}/{chart.name}": chart.specification for group, of in groups.items() for chart in of}
    prices = {cost.key: {"points": points(view.data, cost)} for cost in view.costs}
    shown = {"charts": charts, "costs": prices, "runs": run_details(view.data), "title": visible(view.title)}
    shown["heading"], shown["absent"] = visible(view.heading), view.absent
    shown["classes"] = [visible(name) for name in view.data.card.classes]
    shown["names"] = {name: visible(label) for name, label in view.data.labels.items()}
    if view.mistakes:
        shown["pairs"] = view.mistakes.pairs
        shown["texts"] = {row: visible(words) for row, words in view.mistakes.texts.items()}
        shown["whole"] = {row: visible(words) for row, words in view.mistakes.whole.items()}
        shown["labels"] = view.mistakes.labels
    return shown


def _banner(data: StudyData) -> str | None:
    """What the scale of the study allows to say; None at full size."""
    if data.small_scale is False:
        return None
    about = f" ({data.description})" if data.description else ""
    what = "This is a small-scale build" if data.small_scale else "The scale of this study is not recorded"
    return f"{what}{about}: its figures describe it alone and decide nothing about a study at full size."


def _absent(data: StudyData, mistakes: Mistakes | None) -> str:
    """Which views a study has not, and why, as a sentence; empty where it has all."""
    lacking = []
    if mistakes is None:
        lacking.append("Errors (the predictions and texts of a kept study are not kept)")
    if not data.claims:
        judged = "this study compares itself with no published one"
        lacking.append(f"Claims ({judged if data.is_this else 'claims are judged on this build alone'})")
    return f"Without a view here: {'; '.join(lacking)}." if lacking else ""


def _facts(data: StudyData) -> list[tuple[str, list[Shown]]]:
    card, count = data.card, data.printer.count
    tested, made = Source(Card.path(), "splits.test.rows"), Source(RUNS, "rows")
    facts = [
        ("Data", [Shown(card.name)]),
        ("Licence of the data", [Shown(card.licence or "none stated")]),
        ("Classes", [Shown(name) for name in card.classes]),
        ("Test texts", [count(card.splits["test"].rows, "data.test.rows", tested)]),
        ("Runs", [count(len(data.runs), "page.runs", made)]),
        ("Seeds", [Shown(str(seed)) for seed in sorted(data.runs["seed"].unique())]),
    ]
    if data.made_of:
        facts.append(("Made at commit", [Shown(data.made_of)]))
    return facts


def _best(rows: list[CellRow]) -> list[CellRow]:
    best: dict[str, CellRow] = {}
    for row in rows:
        if row.role != HEADLINE or row.accuracy.order is None:
            continue
        if row.architecture not in best or row.accuracy.order > best[row.architecture].accuracy.order:
            best[row.architecture] = row
    return list(best.values())


def _hardest(mistakes: Mistakes | None) -> list[HardText]:
    if mistakes is None:
        return []
    return [
        HardText(hard.row, hard.label, mistakes.texts.get(hard.row, ""), mistakes.whole.get(hard.row, ""), hard.wrong)
        for hard in mistakes.hardest
    ]


def _all_wrong(mistakes: Mistakes | None) -> Shown | None:
    counts = {hard.wrong.text: hard.wrong for hard in mistakes.hardest} if mistakes else {}
    return next(iter(counts.values())) if len(counts) == 1 else None


def _ceiling(data: StudyData) -> Shown | None:
    """The best attainable accuracy, where the corpus has one that is known and below all."""
    ceiling = data.card.ceiling_accuracy
    return None if ceiling is None or ceiling == 1 else data.printer.show(ceiling, WHOLE_SHARE, "data.ceiling")
