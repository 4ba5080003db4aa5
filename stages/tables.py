"""tables: metrics/runs.csv -> paper/generated/tables/, the bodies of the paper's tables in LaTeX.

Captions are prose and live in the template. A table with nothing to show in this grid is not written.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from stages.lib.baselines import Baselines, read_baselines
from stages.lib.cells import STUDY, read_settings
from stages.lib.errors import run_stage
from stages.lib.latex import Latex, escape
from stages.lib.numbers import (
    DIFFERENCE,
    PERCENT,
    POINTS,
    SECONDS,
    SHARE,
    Unit,
    mean_and_deviation,
    memory_unit,
    parameter_unit,
    rate_text,
    tex,
    text,
)
from stages.lib.runs import METHODS, label_of, pairs, read_runs, reference, summarise
from stages.lib.settings import StudySettings

FOLDER = Path("paper/generated/tables")
NONE = "{--}"  # braces: siunitx columns parse everything else as a number
PLACEMENTS = {None: "all weights", "attention": "attention", "attention-ffn": "attention, FFN", "ia3": "values, FFN"}


class Column(NamedTuple):
    """A column's header (LaTeX) and its specification for ``tabular``."""

    header: str
    spec: str


Group = tuple[str | None, list[list[str]]]  # a line across the table, and the rows under it


def main() -> None:
    """Write every table that the grid has rows for."""
    study, runs = read_settings(StudySettings, STUDY), read_runs()
    cells = summarise(runs)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    tables = {
        "performance": performance(cells, study, read_baselines()),
        "configurations": configurations(runs, study),
        "modules": modules(study),
        "sensitivity": sensitivity(cells, study),
        "spread": spread(cells, study),
    }
    written = {name: table for name, table in tables.items() if table is not None}
    for name, table in written.items():
        (FOLDER / f"{name}.tex").write_text(table, encoding="utf-8")
    print(f"{len(written)} tables in {FOLDER}/: {', '.join(written)}")


def performance(cells: pd.DataFrame, study: StudySettings, baselines: Baselines) -> str:
    """Table I: accuracy and cost of the headline grid, grouped by architecture, under the baselines.

    Args:
        cells: as from ``summarise``; accuracies are fractions, memory is in bytes.
    """
    memory, parameters = memory_unit(cells["peak_memory_bytes_mean"]), parameter_unit(cells["total_parameters"])
    columns = [
        Column("Configuration", "l"),
        Column(f"Trainable ({parameters.symbol})", numeric("trainable_parameters", cells, parameters)),
        Column(r"Share (\%)", "S[table-format=3.1]"),
        Column(r"Accuracy (\%)", "r"),
        Column(r"$\Delta$ (pp)", "S[table-format=+2.2]"),
        Column(r"Macro-F1 (\%)", "S[table-format=2.2]"),
        Column("Training (s)", numeric("train_seconds_mean", cells, SECONDS)),
        Column(f"Memory ({memory.symbol})", numeric("peak_memory_bytes_mean", cells, memory)),
    ]

    def row(cell: pd.Series) -> list[str]:
        full = _cell(cells, cell["architecture"], reference(study))
        return [
            escape(study.configurations[cell["configuration"]].label),
            ungrouped(cell["trainable_parameters"], parameters),
            text(cell["trainable_parameters"] / cell["total_parameters"], SHARE),
            mean_and_deviation(cell["test_accuracy_mean"], cell["test_accuracy_sd"]),
            NONE if full is None or full.name == cell.name else _difference(cell, full),
            text(cell["test_f1_macro_mean"], PERCENT),
            ungrouped(cell["train_seconds_mean"], SECONDS),
            ungrouped(cell["peak_memory_bytes_mean"], memory),
        ]

    return tabular(
        columns,
        [("No encoder", baseline_rows(baselines)), *by_architecture(cells[cells["role"] == "train"], study, row)],
    )


def baseline_rows(baselines: Baselines) -> list[list[str]]:
    """Rows of Table I: accuracy alone, for there is nothing to fine-tune."""
    bag = baselines.tfidf_logistic_regression
    known = [
        ("Majority class", baselines.majority.test_accuracy, None),
        ("TF-IDF, logistic regression", bag.test_accuracy, bag.test_f1_macro),
        ("Ceiling of the corpus", baselines.ceiling_accuracy, None),
    ]
    return [
        [name, NONE, NONE, text(accuracy, PERCENT), NONE, NONE if f1 is None else text(f1, PERCENT), NONE, NONE]
        for name, accuracy, f1 in known
        if accuracy is not None
    ]


def configurations(runs: pd.DataFrame, study: StudySettings) -> str:
    """Table II: what each configuration is, as its records say it was run."""
    headers = ["Exp.", "Configuration", "Method", "Adapted", "$r$", r"$\alpha$", "Dropout", "Optimiser", "Precision"]
    columns = [*(Column(header, "l") for header in headers), *(Column(h, "r") for h in ("Nominal", "Effective"))]

    def row(run: pd.Series) -> list[str]:
        configuration = study.configurations[run["configuration"]]
        return [
            escape(configuration.exp_id),
            escape(configuration.label),
            METHODS[configuration.method],
            PLACEMENTS[configuration.placement],
            *(_optional(run[key]) for key in ("rank", "alpha", "dropout")),
            escape(run["optimizer"]),
            escape(run["precision"]),
            *(tex(rate_text(run[key])) for key in ("nominal_learning_rate", "learning_rate")),
        ]

    first = runs.drop_duplicates("configuration")
    return tabular(columns, [(None, [row(run) for _, run in first.iterrows()])])


def modules(study: StudySettings) -> str | None:
    """Which modules each placement adapts, by architecture; those of the grid's adapters alone."""
    used = [p for p in PLACEMENTS if p and any(c.placement == p for c in study.configurations.values())]
    if not used:
        return None
    names = r">{\raggedright\arraybackslash}X"  # module names are long: their columns share the page and wrap
    columns = [Column("Adapted", "l"), *(Column(escape(f.label), names) for f in study.architectures.values())]
    rows = [
        [PLACEMENTS[placement], *(_names(family.modules[placement]) for family in study.architectures.values())]
        for placement in used
    ]
    rows.append(["head", *(_names(family.head) for family in study.architectures.values())])
    return tabular(columns, [(None, rows)], width=r"\textwidth")


def sensitivity(cells: pd.DataFrame, study: StudySettings) -> str | None:
    """Table III: each method at the base and at the probe rate; None when no method was run at both."""
    both = pairs(study, "lr")
    if not both:
        return None
    columns = [
        Column("Configuration", "l"),
        Column(r"Base (\%)", "r"),
        Column(r"Probe (\%)", "r"),
        Column(r"$\Delta$ (pp)", "S[table-format=+2.2]"),
    ]
    groups = []
    for architecture in study.architectures:
        rows = []
        for names in both:
            base, probe = (_cell(cells, architecture, name) for name in names)
            scores = [
                mean_and_deviation(cell["test_accuracy_mean"], cell["test_accuracy_sd"]) for cell in (base, probe)
            ]
            rows.append([escape(study.configurations[names[0]].label), *scores, _difference(probe, base)])
        groups.append((label_of(study, architecture), rows))
    return tabular(columns, groups)


def spread(cells: pd.DataFrame, study: StudySettings) -> str | None:
    """Table IV: lowest and highest accuracy over seeds, headline and probe runs; None with one seed."""
    if len(study.seeds) < 2:
        return None
    columns = [
        Column("Configuration", "l"),
        Column("Lowest (\\%)", "S[table-format=2.2]"),
        Column("Highest (\\%)", "S[table-format=2.2]"),
        Column("Range (pp)", "S[table-format=2.2]"),
    ]

    def row(cell: pd.Series) -> list[str]:
        low, high = cell["test_accuracy_min"], cell["test_accuracy_max"]
        label = escape(study.configurations[cell["configuration"]].label)
        return [label, text(low, PERCENT), text(high, PERCENT), text(high - low, POINTS)]

    return tabular(columns, by_architecture(cells, study, row))


def tabular(columns: list[Column], groups: list[Group], width: str | None = None) -> str:
    """A booktabs ``tabular`` (``tabularx`` with a width) whose headers are braced, as siunitx columns need."""
    name, size = ("tabular", "") if width is None else ("tabularx", f"{{{width}}}")
    lines = [
        rf"\begin{{{name}}}{size}{{@{{}}{' '.join(column.spec for column in columns)}@{{}}}}",
        r"\toprule",
        " & ".join(f"{{{column.header}}}" for column in columns) + r" \\",
    ]
    for label, rows in groups:
        lines.append(r"\midrule")
        if label is not None:
            lines += [rf"\multicolumn{{{len(columns)}}}{{@{{}}l}}{{\itshape {escape(label)}}} \\"]
        lines += [" & ".join(row) + r" \\" for row in rows]
    return "\n".join([*lines, r"\bottomrule", rf"\end{{{name}}}", ""])


def by_architecture(cells: pd.DataFrame, study: StudySettings, row: Callable[[pd.Series], list[str]]) -> list[Group]:
    """One group an architecture, one row a cell."""
    return [
        (label_of(study, name), [row(cell) for _, cell in cells[cells["architecture"] == name].iterrows()])
        for name in study.architectures
    ]


def numeric(column: str, cells: pd.DataFrame, unit: Unit) -> str:
    """An ``S`` column wide enough for the largest value."""
    digits = len(ungrouped(cells[column].max(), unit).split(".")[0])
    return f"S[table-format={digits}.{unit.decimals}]" if unit.decimals else f"S[table-format={digits}]"


def ungrouped(value: float, unit: Unit) -> str:
    """A numeral for siunitx, which sets its own thousands separator."""
    return text(value, unit).replace(",", "")


def _difference(cell: pd.Series, against: pd.Series) -> str:
    return text(cell["test_accuracy_mean"] - against["test_accuracy_mean"], DIFFERENCE)


def _cell(cells: pd.DataFrame, architecture: str, configuration: str | None) -> pd.Series | None:
    found = cells[(cells["architecture"] == architecture) & (cells["configuration"] == configuration)]
    return None if found.empty else found.iloc[0]


def _optional(value: float) -> str:
    return "--" if pd.isna(value) else f"{value:g}"


def _names(modules: list[str]) -> Latex:
    return Latex(", ".join(rf"\texttt{{{escape(name)}}}" for name in modules))


if __name__ == "__main__":
    run_stage(main)
