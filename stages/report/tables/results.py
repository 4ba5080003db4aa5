"""Tables of the results: performance, architectures, paired differences, costs, reliability, the kept study."""

from stages.report.entries.extremes import extreme
from stages.report.entries.inputs import ACCURACY, Results
from stages.report.numbers.latex import Latex
from stages.report.numbers.ledger import NOT_MEASURED, Ledger
from stages.report.numbers.names import BASELINES, capitalised, is_encoder
from stages.report.numbers.units import checkpoint_unit, memory_unit, parameter_unit
from stages.report.tables.tabular import (
    Column,
    Group,
    Row,
    between,
    by_cell,
    cell_name,
    dagger,
    dagger_note,
    label,
    row_label,
    star,
    star_note,
    tabular,
)

HEADLINE = ["train"]


def performance(results: Results, ledger: Ledger) -> str:
    """Accuracy of the headline grid, grouped by architecture, under the baselines; macro-F1 first where it ranks."""
    columns = [Column("Configuration", "l"), Column(r"Trained (\%)"), *_score_columns(results, ledger)]

    def row(architecture: str, configuration: str) -> Row:
        name, full = f"{architecture}.{configuration}", results.study.reference
        difference = ledger.numeral(f"{name}.vs.{full}.difference") if full else NOT_MEASURED
        accuracy = [
            ledger.with_deviation(f"{name}.accuracy", f"{name}.accuracy_sd"),
            between(ledger, f"{name}.interval_low", f"{name}.interval_high"),
            difference + star(results, architecture, full, configuration),
        ]
        return [
            row_label(results, architecture, configuration),
            ledger.numeral(f"{name}.trainable_share"),
            *_scores(results, ledger, accuracy, f"{name}.f1"),
        ]

    encoders = all(is_encoder(architecture.model_class) for architecture in results.study.architectures.values())
    without = "No encoder" if encoders else "No pretrained model"
    groups = [(without, baselines(results, ledger)), *by_cell(results, HEADLINE, row)]
    return tabular(columns, groups, note=dagger_note(results, len(columns)))


def _score_columns(results: Results, ledger: Ledger) -> list[Column]:
    """Accuracy with its interval and difference, after macro-F1 where configurations are ranked by that."""
    interval = Column(rf"{ledger.numeral('statistics.confidence')}\,\% interval")
    accuracy = [Column(r"Accuracy (\%)"), interval, Column(r"$\Delta$ (pp)")]
    return accuracy if results.measure == ACCURACY else [Column(r"Macro-F1 (\%)"), *accuracy]


def _scores(results: Results, ledger: Ledger, accuracy: list, f1: str) -> list:
    """Cells of these columns; where classes are of one size, macro-F1 repeats accuracy."""
    return accuracy if results.measure == ACCURACY else [ledger.numeral(f1), *accuracy]


def baselines(results: Results, ledger: Ledger) -> list[Row]:
    """Rows without anything that trains; the ceiling only where it is known."""
    rows = []
    for key, name in BASELINES.items():
        if ledger.has(f"baseline.{key}"):
            accuracy = [ledger.numeral(f"baseline.{key}"), NOT_MEASURED, NOT_MEASURED]
            rows.append([capitalised(name), NOT_MEASURED, *_scores(results, ledger, accuracy, f"baseline.{key}_f1")])
    return rows


def architectures(results: Results, ledger: Ledger) -> str | None:
    """What stands out on each architecture; None for a single one, of which sentences say it."""
    study, full = results.study, results.study.reference
    if len(study.architectures) == 1:
        return None
    adapters = results.base_rate_adapters
    columns = [Column("Architecture", "l")]
    if full:
        columns.append(Column(r"Full FT (\%)"))
    if adapters:
        columns += [Column("Best adapter", "l"), Column(r"Its mean (\%)")]
    if full and adapters:
        columns.append(Column(r"$\Delta$ (pp)"))
    if len(adapters) > 1:
        columns += [Column("Weakest adapter", "l"), Column(r"Its mean (\%)")]
    columns.append(Column(f"Above bag, of {ledger.numeral('grid.configurations')}"))
    rows = []
    for name in study.architectures:
        row = [cell_name(study.label(name))]
        if full:
            row.append(ledger.numeral(f"{name}.{full}.{results.measure.key}"))
        completed = results.completed(name, adapters)
        if adapters:
            row += _extreme(results, ledger, name, completed, highest=True)
        if full and adapters:
            row.append(_gap(results, ledger, name, completed))
        if len(adapters) > 1:
            row += _extreme(results, ledger, name, completed, highest=False)
        row.append(ledger.numeral(f"{name}.above_bag"))
        rows.append(row)
    is_tested = full and adapters and results.measure == ACCURACY
    return tabular(columns, [(None, rows)], note=star_note(len(columns)) if is_tested else None)


def _extreme(results: Results, ledger: Ledger, architecture: str, names: list[str], highest: bool) -> Row:
    """The best or the weakest of some configurations, and its score; dashes where none completed a run."""
    if not names:
        return [NOT_MEASURED, NOT_MEASURED]
    name = extreme(results, architecture, names, highest=highest)
    return [row_label(results, architecture, name), ledger.numeral(f"{architecture}.{name}.{results.measure.key}")]


def _gap(results: Results, ledger: Ledger, architecture: str, names: list[str]) -> Latex:
    """Of the best of some configurations to full fine-tuning, in the measure that ranks."""
    if not names:
        return NOT_MEASURED
    full, best = results.study.reference, extreme(results, architecture, names)
    difference = ledger.numeral(f"{architecture}.{best}.vs.{full}.{results.measure.difference}")
    return difference + (star(results, architecture, full, best) if results.measure == ACCURACY else Latex(""))


def differences(results: Results, ledger: Ledger) -> str | None:
    """Every difference that the figure of differences draws, with its interval and p; None without a test."""
    comparisons = results.study.drawn_pairs
    tested = {(test.architecture, frozenset((test.first, test.second))) for test in results.statistics.comparisons}
    groups: list[Group] = []
    for architecture in results.study.architectures:
        rows = []
        for first, second in comparisons:
            if (architecture, frozenset((first, second))) in tested:
                rows.append(_difference(results, ledger, architecture, first, second))
        if rows:
            groups.append((results.study.label(architecture), rows))
    if not groups:
        return None
    columns = [
        Column("Comparison", "l"),
        Column(r"$\Delta$ (pp)"),
        Column(rf"{ledger.numeral('statistics.confidence')}\,\% interval"),
        Column("$p$"),
    ]
    return tabular(columns, groups, note=dagger_note(results, len(columns)))


def _difference(results: Results, ledger: Ledger, architecture: str, first: str, second: str) -> Row:
    key = f"{architecture}.{second}.vs.{first}"
    name = f"{label(results, second)} against {label(results, first)}"
    return [
        name + dagger(results, architecture, first, second),
        ledger.numeral(f"{key}.difference") + star(results, architecture, first, second),
        between(ledger, f"{key}.low", f"{key}.high"),
        ledger.numeral(f"{key}.p"),
    ]


def costs(results: Results, ledger: Ledger) -> str:
    """What each configuration of the headline grid trains, stores and takes."""
    cells = results.cells
    memory, parameters = memory_unit(cells["peak_memory_bytes_mean"]), parameter_unit(cells["total_parameters"])
    checkpoint = checkpoint_unit(results.runs["checkpoint_bytes"])
    columns = [
        Column("Configuration", "l"),
        Column(f"Trained ({parameters.symbol})"),
        Column(f"Stored ({checkpoint.symbol})"),
        Column(f"Memory ({memory.symbol})"),
        Column("Train (s)"),
        Column("Test (s)"),
    ]
    quantities = ("trainable", "checkpoint", "memory", "seconds", "evaluation")

    def row(architecture: str, configuration: str) -> Row:
        name = f"{architecture}.{configuration}"
        numerals = [ledger.numeral(f"{name}.{quantity}") for quantity in quantities]
        return [row_label(results, architecture, configuration), *numerals]

    return tabular(columns, by_cell(results, HEADLINE, row), note=dagger_note(results, len(columns)))


def reliability(results: Results, ledger: Ledger) -> str:
    """Calibration of the headline grid, and how often each configuration is on its architecture's frontiers."""
    columns = [
        Column("Configuration", "l"),
        Column(r"ECE (\%)"),
        Column("Brier"),
        Column(r"Memory (\%)"),
        Column(r"Time (\%)"),
    ]

    def row(architecture: str, configuration: str) -> Row:
        name = f"{architecture}.{configuration}"
        return [
            row_label(results, architecture, configuration),
            ledger.numeral(f"{name}.ece"),
            ledger.numeral(f"{name}.brier"),
            ledger.numeral(f"{name}.frontier_peak_memory"),
            ledger.numeral(f"{name}.frontier_train_seconds"),
        ]

    return tabular(columns, by_cell(results, HEADLINE, row), note=dagger_note(results, len(columns)))


def imdb(results: Results, ledger: Ledger) -> str | None:
    """The kept runs on IMDb, with differences from full fine-tuning there and here; None where there are none."""
    real = results.real
    if real is None:
        return None
    columns = [
        Column("Configuration", "l"),
        Column(r"IMDb (\%)"),
        Column(r"$\Delta$ (pp)"),
        Column(r"$\Delta$ here (pp)"),
    ]

    def row(configuration: str) -> Row:
        key = f"imdb.{configuration}"
        return [
            cell_name(real.study.configurations[configuration].label),
            ledger.with_deviation(f"{key}.accuracy", f"{key}.accuracy_sd"),
            ledger.numeral(f"{key}.difference"),
            ledger.numeral(f"{key}.here"),
        ]

    bag = [capitalised(BASELINES["bag"]), *map(ledger.numeral, ("imdb.bag", "imdb.bag_difference", "imdb.bag_here"))]
    return tabular(columns, [(None, [bag]), (None, [row(name) for name in real.cells.index])])
