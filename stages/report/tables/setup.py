"""Tables of the set-up: configurations and the modules that they adapt."""

from stages.report.entries.inputs import Results
from stages.report.numbers.latex import Latex, escape, named
from stages.report.numbers.ledger import Ledger
from stages.report.numbers.names import KINDS, TARGETS
from stages.report.tables.tabular import WRAPPED, Column, label, tabular
from stages.study.grid import StudySettings


def configurations(results: Results, ledger: Ledger) -> str:
    """Table II: what each configuration is, as its records say it was run."""
    headers = ["Exp.", "Configuration", "Method", "Adapted", "$r$", r"$\alpha$", "Dropout", "Optimiser", "Precision"]
    columns = [Column(header, "l") for header in headers]
    columns += [Column("Nominal"), Column("Effective")]
    rows = []
    for _, run in results.runs.drop_duplicates("configuration").iterrows():
        name = run["configuration"]
        key, configuration = f"configuration.{name}", results.study.configurations[name]
        rows.append(
            [
                ledger.numeral(f"{key}.exp"),
                label(results, name),
                KINDS[run["kind"]],
                TARGETS[configuration.target],
                ledger.numeral(f"{key}.rank"),
                ledger.numeral(f"{key}.alpha"),
                ledger.numeral(f"{key}.dropout"),
                escape(run["optimizer"]),
                escape(run["precision"]),
                ledger.numeral(f"{key}.nominal_learning_rate"),
                ledger.numeral(f"{key}.learning_rate"),
            ]
        )
    return tabular(columns, [(None, rows)])


def modules(study: StudySettings) -> str | None:
    """Which modules each placement adapts, by architecture; those of the grid's adapters alone."""
    placements = {configuration.target for configuration in study.configurations.values()} - {None}
    if not placements:
        return None
    architectures = study.architectures.values()
    # module names are long: their columns share the page and wrap
    columns = [Column("Adapted", "l"), *(Column(named(each.label), WRAPPED) for each in architectures)]
    rows = []
    for placement, words in TARGETS.items():
        if placement in placements:
            rows.append([words, *(module_names(each.modules[placement]) for each in architectures)])
    rows.append(["head", *(module_names(each.head) for each in architectures)])
    return tabular(columns, [(None, rows)], width=r"\textwidth")


def module_names(modules: list[str]) -> Latex:
    return Latex(", ".join(rf"\texttt{{{escape(name)}}}" for name in modules))
