"""tables: metrics/runs.csv -> paper/generated/tables/, the bodies of the paper's tables in LaTeX.

Captions are prose and live in the template. A table with nothing to show in this grid is not written.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from stages.lib.entries import build
from stages.lib.errors import run_stage
from stages.lib.latex import Latex, escape, named
from stages.lib.ledger import Ledger
from stages.lib.numbers import memory_unit, parameter_unit
from stages.lib.published_tables import (
    claim_rows,
    contradiction_rows,
    evidence_groups,
    memory_rows,
    process_rows,
    protocol_rows,
    reproduction_rows,
)
from stages.lib.reported import ARCHITECTURES
from stages.lib.results import Results, read_results
from stages.lib.runs import METHODS, label_of, pairs, reference
from stages.lib.settings import StudySettings
from stages.lib.whole import written_whole

FOLDER = Path("paper/generated/tables")
NUMBERS = FOLDER / "numbers.json"
NONE = Latex("--")
WRAPPED = r">{\raggedright\arraybackslash}X"
STAR = Latex(r"\textsuperscript{*}")
DAGGER = Latex(r"\textsuperscript{\textdagger}")
PLACEMENTS = {None: "all weights", "attention": "attention", "attention-ffn": "attention, FFN", "ia3": "values, FFN"}


class Column(NamedTuple):
    """A column's header (LaTeX) and its specification for ``tabular``; decimals line up to the right."""

    header: str
    spec: str = "r"


Group = tuple[str | None, list[list[str]]]  # a line across the table, and the rows under it


def main() -> None:
    """Write every table that the grid has rows for, and the numbers that they print."""
    results = read_results()
    ledger = build(results)
    tables = {
        "performance": performance(results, ledger),
        "configurations": configurations(results, ledger),
        "modules": modules(results.study),
        "sensitivity": sensitivity(results, ledger),
        "choices": choices(results, ledger),
        "reliability": reliability(results, ledger),
        "spread": spread(results, ledger),
        "imdb": imdb(results, ledger),
        "claims": claims(results, ledger),
        "memory": memory(results, ledger),
        "processes": processes(results, ledger),
        "evidence": evidence(results, ledger),
        "reproduction": reproduction(results, ledger),
        "contradictions": contradictions(results, ledger),
        "protocols": protocols(results, ledger),
    }
    written = {name: table for name, table in tables.items() if table is not None}
    with written_whole(FOLDER) as folder:
        folder.mkdir()
        for name, table in written.items():
            (folder / f"{name}.tex").write_text(table, encoding="utf-8")
        ledger.write(folder / NUMBERS.name)
    print(f"{len(written)} tables in {FOLDER}/: {', '.join(written)}")


def performance(results: Results, ledger: Ledger) -> str:
    """Table I: accuracy and cost of the headline grid, grouped by architecture, under the baselines."""
    study, cells = results.study, results.cells
    memory, parameters = memory_unit(cells["peak_memory_bytes_mean"]), parameter_unit(cells["total_parameters"])
    columns = [
        Column("Configuration", "l"),
        Column(f"Trainable ({parameters.symbol})"),
        Column(r"Share (\%)"),
        Column(r"Accuracy (\%)"),
        Column("Interval"),
        Column(r"$\Delta$ (pp)"),
        Column(r"Macro-F1 (\%)"),
        Column("Training (s)"),
        Column(f"Memory ({memory.symbol})"),
    ]

    def row(architecture: str, configuration: str) -> list[str]:
        name, full = f"{architecture}.{configuration}", reference(study)
        return [
            label(results, configuration, architecture),
            ledger.cell(f"{name}.trainable"),
            ledger.cell(f"{name}.trainable_share"),
            ledger.spread(f"{name}.accuracy", f"{name}.accuracy_sd"),
            between(ledger, f"{name}.interval_low", f"{name}.interval_high"),
            ledger.cell(f"{name}.vs.{full}.difference") + mark(results, architecture, full, configuration),
            *(ledger.cell(f"{name}.{key}") for key in ("f1", "seconds", "memory")),
        ]

    groups = [("No encoder", baselines(ledger)), *by_architecture(results, "train", row)]
    return tabular(columns, groups, note=hole_note(results, len(columns)))


def between(ledger: Ledger, low: str, high: str) -> Latex:
    """An interval, ``[87.10, 89.40]``."""
    return Latex(f"[{ledger.cell(low)}, {ledger.cell(high)}]") if ledger.has(low) else NONE


def mark(results: Results, architecture: str, first: str | None, second: str) -> Latex:
    """A star on a difference that the paired test tells from none; its room stays free otherwise."""
    test = results.comparison(architecture, first, second) if first else None
    if test is None or first == second:
        return Latex("")
    return STAR if test.verdict == "distinguishable" else Latex(rf"\hphantom{{{STAR}}}")


def baselines(ledger: Ledger) -> list[list[str]]:
    """Rows of Table I without cost, for there is nothing to fine-tune; the ceiling only where it is known."""
    names = {
        "majority": "Majority class",
        "bag": "TF-IDF, logistic regression",
        "ceiling": "Ceiling of the corpus",
    }
    return [
        [name, NONE, NONE, ledger.cell(f"baseline.{key}"), NONE, NONE, ledger.cell(f"baseline.{key}_f1"), NONE, NONE]
        for key, name in names.items()
        if ledger.has(f"baseline.{key}")
    ]


def configurations(results: Results, ledger: Ledger) -> str:
    """Table II: what each configuration is, as its records say it was run."""
    headers = ["Exp.", "Configuration", "Method", "Adapted", "$r$", r"$\alpha$", "Dropout", "Optimiser", "Precision"]
    columns = [*(Column(header, "l") for header in headers), Column("Nominal"), Column("Effective")]

    def row(run: pd.Series) -> list[str]:
        name, configuration = run["configuration"], results.study.configurations[run["configuration"]]
        own = {
            field: ledger.cell(f"configuration.{name}.{field}")
            for field in ("exp", "rank", "alpha", "dropout", "nominal_learning_rate", "learning_rate")
        }
        return [
            own["exp"],
            named(configuration.label),
            METHODS[configuration.method],
            PLACEMENTS[configuration.placement],
            *(own[field] for field in ("rank", "alpha", "dropout")),
            escape(run["optimizer"]),
            escape(run["precision"]),
            *(own[field] for field in ("nominal_learning_rate", "learning_rate")),
        ]

    first = results.runs.drop_duplicates("configuration")
    return tabular(columns, [(None, [row(run) for _, run in first.iterrows()])])


def modules(study: StudySettings) -> str | None:
    """Which modules each placement adapts, by architecture; those of the grid's adapters alone."""
    used = [p for p in PLACEMENTS if p and any(c.placement == p for c in study.configurations.values())]
    if not used:
        return None
    # module names are long: their columns share the page and wrap
    columns = [Column("Adapted", "l"), *(Column(named(f.label), WRAPPED) for f in study.architectures.values())]
    rows = [
        [PLACEMENTS[placement], *(_names(family.modules[placement]) for family in study.architectures.values())]
        for placement in used
    ]
    rows.append(["head", *(_names(family.head) for family in study.architectures.values())])
    return tabular(columns, [(None, rows)], width=r"\textwidth")


def sensitivity(results: Results, ledger: Ledger) -> str | None:
    """Table III: each method at the base and at the probe rate; None when no method was run at both."""
    study = results.study
    both = pairs(study, "lr")
    if not both:
        return None
    columns = [
        Column("Configuration", "l"),
        Column(r"Base (\%)"),
        Column(r"Probe (\%)"),
        Column(r"$\Delta$ (pp)"),
        Column("$p$"),
    ]

    def row(architecture: str, base: str, probe: str) -> list[str]:
        scores = [(f"{architecture}.{name}.accuracy", f"{architecture}.{name}.accuracy_sd") for name in (base, probe)]
        marked = results.has_hole(architecture, base) or results.has_hole(architecture, probe)
        return [
            Latex(named(study.configurations[base].label) + (DAGGER if marked else "")),
            *(ledger.spread(*keys) for keys in scores),
            ledger.cell(f"{architecture}.{probe}.vs.{base}.difference"),
            ledger.cell(f"{architecture}.{probe}.vs.{base}.p"),
        ]

    groups = [(label_of(study, a), [row(a, *pair) for pair in both]) for a in study.architectures]
    return tabular(columns, groups, note=hole_note(results, len(columns)))


def spread(results: Results, ledger: Ledger) -> str | None:
    """Table IV: lowest and highest accuracy over seeds, headline and probe runs; None with one seed."""
    if len(results.study.seeds) < 2:
        return None
    columns = [
        Column("Configuration", "l"),
        Column(r"Lowest (\%)"),
        Column(r"Highest (\%)"),
        Column("Range (pp)"),
    ]

    def row(architecture: str, configuration: str) -> list[str]:
        own = (ledger.cell(f"{architecture}.{configuration}.{key}") for key in ("lowest", "highest", "range"))
        return [label(results, configuration, architecture), *own]

    return tabular(columns, by_architecture(results, None, row), note=hole_note(results, len(columns)))


def choices(results: Results, ledger: Ledger) -> str | None:
    """Pairs that differ in one design choice: difference, its interval and the corrected p; None without such pairs."""
    study = results.study
    fields = {"Rank": ("rank", "alpha"), "Placement": ("placement",), "Quantisation": ("method",)}
    tested = {(test.first, test.second) for test in results.statistics.comparisons}
    found = [(label, pair) for label, names in fields.items() for pair in pairs(study, *names) if pair in tested]
    if not found:
        return None
    columns = [Column("Choice", "l"), Column(r"$\Delta$"), Column("Interval"), Column("$p$")]

    def row(architecture: str, choice: str, first: str, second: str) -> list[str]:
        key = f"{architecture}.{second}.vs.{first}"
        marked = results.has_hole(architecture, first) or results.has_hole(architecture, second)
        compared = Latex(f"{choice} ({named(study.configurations[second].label)})" + (DAGGER if marked else ""))
        own = [ledger.cell(f"{key}.difference"), between(ledger, f"{key}.low", f"{key}.high"), ledger.cell(f"{key}.p")]
        return [compared, *own]

    groups = [(label_of(study, a), [row(a, choice, *pair) for choice, pair in found]) for a in study.architectures]
    return tabular(columns, groups, note=hole_note(results, len(columns)))


def reliability(results: Results, ledger: Ledger) -> str:
    """Calibration of the headline grid, and how often each configuration is on its architecture's frontiers."""
    columns = [
        Column("Configuration", "l"),
        Column(r"ECE (\%)"),
        Column("Brier"),
        Column(r"Memory (\%)"),
        Column(r"Time (\%)"),
    ]

    def row(architecture: str, configuration: str) -> list[str]:
        name = f"{architecture}.{configuration}"
        keys = ("ece", "brier", "frontier_peak_memory", "frontier_train_seconds")
        return [label(results, configuration, architecture), *(ledger.cell(f"{name}.{key}") for key in keys)]

    return tabular(columns, by_architecture(results, "train", row), note=hole_note(results, len(columns)))


def imdb(results: Results, ledger: Ledger) -> str | None:
    """The kept runs on IMDb beside this build's of the same architecture; None where there are none to show."""
    if results.real is None:
        return None
    architecture, full = results.real.architecture, reference(results.study)
    columns = [
        Column("Configuration", "l"),
        Column(r"IMDb (\%)"),
        Column(r"$\Delta$ (pp)"),
        Column(r"Here (\%)"),
        Column(r"$\Delta$ (pp)"),
    ]

    def row(configuration: str) -> list[str]:
        here = f"{architecture}.{configuration}"
        return [
            label(results, configuration, architecture),
            ledger.spread(f"imdb.{configuration}.accuracy", f"imdb.{configuration}.accuracy_sd"),
            ledger.cell(f"imdb.{configuration}.difference"),
            ledger.cell(f"{here}.accuracy"),
            ledger.cell(f"{here}.vs.{full}.difference"),
        ]

    return tabular(columns, [(None, [row(name) for name in results.real.cells.index])])


def claims(results: Results, ledger: Ledger) -> str:
    """The published claims with the verdicts of their own figures and of this build."""
    columns = [Column("Claim", WRAPPED), Column("Printed figures", "l"), Column("Records of this build", "l")]
    if results.claims.small_scale:
        columns.append(Column("Verdict of this build", "l"))
    return tabular(columns, [(None, claim_rows(ledger, results.claims))], width=r"\textwidth")


def memory(results: Results, ledger: Ledger) -> str | None:
    """Predicted against printed peak memory of the published runs whose process was fresh."""
    rows = memory_rows(ledger, results)
    columns = [
        Column("Architecture", WRAPPED),
        Column("Configuration", WRAPPED),
        Column("Seed"),
        Column("Printed"),
        Column("Predicted"),
        Column(r"Error (\%)"),
    ]
    return tabular(columns, [(None, rows)], width=r"\columnwidth") if rows else None


def processes(results: Results, ledger: Ledger) -> str | None:
    """Published processes that print as if one run more had come before: the largest error without it, and with it."""
    rows = process_rows(ledger, results)
    columns = [
        Column("Architecture", WRAPPED),
        Column("First printed", WRAPPED),
        Column("Runs"),
        Column(r"Error (\%)"),
        Column("Supposed run", WRAPPED),
        Column(r"Error (\%)"),
    ]
    return tabular(columns, [(None, rows)], width=r"\columnwidth") if rows else None


def evidence(results: Results, ledger: Ledger) -> str:
    """What each claim's tests compared, on the printed figures and on this build's records."""
    columns = [Column("Comparison", "l")]
    for name in dict.fromkeys(ARCHITECTURES.values()):
        columns += [Column(named(results.study.labels.get(name, name))), Column("here")]
    return tabular(columns, evidence_groups(ledger, results))


def reproduction(results: Results, ledger: Ledger) -> str | None:
    """Published against reproduced accuracy; None where this build is not comparable with the published study."""
    rows = reproduction_rows(ledger, results)
    headers = [r"Published (\%)", r"Here (\%)", r"$\Delta$ (pp)", "Interval"]
    columns = [*_cell_columns(), *(Column(header) for header in headers), Column("Verdict", "l")]
    return tabular(columns, [(None, rows)]) if rows else None


def contradictions(results: Results, ledger: Ledger) -> str:
    """The printed cells of the published tables that its own runs contradict."""
    columns = [Column("Table", "l"), *_cell_columns(), Column("Column", "l"), Column("Printed"), Column("Recomputed")]
    return tabular([*columns, Column("Kind", "l")], [(None, contradiction_rows(ledger, results))])


def protocols(results: Results, ledger: Ledger) -> str | None:
    """Both protocols at full size, from the census; None without a published architecture in the grid."""
    rows = protocol_rows(ledger, results)
    headers = ["Trains (M)", "Published", "Frozen (k)", "Dead (k)", "Peak (GiB)", "Published"]
    return tabular([*_cell_columns(), *map(Column, headers)], [(None, rows)]) if rows else None


def _cell_columns() -> list[Column]:
    return [Column("Architecture", "l"), Column("Configuration", "l")]


def tabular(columns: list[Column], groups: list[Group], width: str | None = None, note: str | None = None) -> str:
    """A booktabs ``tabular`` (``tabularx`` with a width), with a last row under its rule for a note."""
    name, size = ("tabular", "") if width is None else ("tabularx", f"{{{width}}}")
    lines = [
        rf"\begin{{{name}}}{size}{{@{{}}{' '.join(column.spec for column in columns)}@{{}}}}",
        r"\toprule",
        " & ".join(column.header for column in columns) + r" \\",
    ]
    for heading, rows in groups:
        lines.append(r"\midrule")
        if heading is not None:
            lines += [rf"\multicolumn{{{len(columns)}}}{{@{{}}l}}{{\itshape {named(heading)}}} \\"]
        lines += [" & ".join(row) + r" \\" for row in rows]
    return "\n".join([*lines, r"\bottomrule", *([note] if note else []), rf"\end{{{name}}}", ""])


def label(results: Results, configuration: str, *architectures: str) -> Latex:
    """A configuration's name, with a dagger if one of its runs failed."""
    marked = any(results.has_hole(architecture, configuration) for architecture in architectures)
    return Latex(named(results.study.configurations[configuration].label) + (DAGGER if marked else ""))


def hole_note(results: Results, columns: int) -> str | None:
    """What the dagger says, as a last row; None where every run completed."""
    if results.failed.empty:
        return None
    words = "a run failed; mean over the seeds that completed"
    return rf"\multicolumn{{{columns}}}{{@{{}}l@{{}}}}{{{DAGGER}\,{words}}} \\"


def by_architecture(results: Results, role: str | None, row: Callable[[str, str], list[str]]) -> list[Group]:
    """One group an architecture, one row a cell of ``role`` (None: of any)."""
    study = results.study
    cells = results.cells if role is None else results.cells[results.cells["role"] == role]
    return [
        (label_of(study, name), [row(name, configuration) for configuration in cells.loc[name].index])
        for name in study.architectures
    ]


def _names(modules: list[str]) -> Latex:
    return Latex(", ".join(rf"\texttt{{{escape(name)}}}" for name in modules))


if __name__ == "__main__":
    run_stage(main)
