"""The table of learning rates: what was chosen for each cell, and what that changed on the test split."""

from stages.report.entries.inputs import Results
from stages.report.numbers.latex import Latex
from stages.report.numbers.ledger import Ledger
from stages.report.tables.tabular import Column, Row, by_cell, dagger_note, row_label, tabular

EDGE = Latex(r"\textsuperscript{\textdaggerdbl}")


def tuning(results: Results, ledger: Ledger) -> str | None:
    """The best rate of each cell and accuracy there, beside that at the rate it was configured with; None untuned."""
    if not results.study.is_tuned:
        return None
    edges = {(cell.architecture, cell.configuration): cell.edge for cell in results.tuning.cells}
    columns = [
        Column("Configuration", "l"),
        Column("Best rate"),
        Column("Factor"),
        Column(r"Valid. (\%)"),
        Column(r"First (\%)"),
        Column(r"Best (\%)"),
        Column(r"$\Delta$ (pp)"),
    ]

    def row(architecture: str, configuration: str) -> Row:
        name = f"{architecture}.{configuration}"
        is_edge = edges[architecture, configuration] is not None
        return [
            row_label(results, architecture, configuration),
            ledger.numeral(f"{name}.tuning.rate"),
            ledger.numeral(f"{name}.tuning.factor") + (EDGE if is_edge else Latex("")),
            ledger.numeral(f"{name}.tuning.validation"),
            ledger.numeral(f"{name}.tuning.first"),
            ledger.numeral(f"{name}.accuracy"),
            ledger.numeral(f"{name}.tuning.gain"),
        ]

    notes = [dagger_note(results, len(columns))]
    if any(edges.values()):
        words = "the lowest or the highest rate that was tried"
        notes.append(rf"\multicolumn{{{len(columns)}}}{{@{{}}l@{{}}}}{{{EDGE}\,{words}}} \\")
    return tabular(columns, by_cell(results, ["train"], row), note="\n".join(filter(None, notes)))
