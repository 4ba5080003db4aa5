"""Tables of the set-up: configurations and the modules that they adapt."""

import pandas as pd

from stages.report.entries.inputs import Results
from stages.report.numbers.latex import Latex, escape, named
from stages.report.numbers.ledger import Ledger
from stages.report.numbers.names import METHODS, PLACEMENTS
from stages.report.tables.tabular import WRAPPED, Column, tabular
from stages.study.grid import StudySettings


def configurations(results: Results, ledger: Ledger) -> str:
    """Table II: what each configuration is, as its records say it was run."""
    headers = ["Exp.", "Configuration", "Method", "Adapted", "$r$", r"$\alpha$", "Dropout", "Optimiser", "Precision"]
    columns = [*(Column(header, "l") for header in headers), Column("Nominal"), Column("Effective")]

    def row(run: pd.Series) -> list[str]:
        name, configuration = run["configuration"], results.study.configurations[run["configuration"]]
        own = {
            field: ledger.numeral(f"configuration.{name}.{field}")
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
        [PLACEMENTS[placement], *(module_names(family.modules[placement]) for family in study.architectures.values())]
        for placement in used
    ]
    rows.append(["head", *(module_names(family.head) for family in study.architectures.values())])
    return tabular(columns, [(None, rows)], width=r"\textwidth")


def module_names(modules: list[str]) -> Latex:
    return Latex(", ".join(rf"\texttt{{{escape(name)}}}" for name in modules))
