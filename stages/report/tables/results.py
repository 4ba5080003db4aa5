"""Tables of the results: performance, sensitivity, seeds, choices, reliability, the kept study."""

from stages.report.entries.inputs import ACCURACY, Results
from stages.report.numbers.latex import Latex
from stages.report.numbers.ledger import NOT_MEASURED, Ledger
from stages.report.numbers.names import BASELINES, capitalised, in_typewriter, is_encoder
from stages.report.numbers.units import memory_unit, parameter_unit
from stages.report.tables.tabular import (
    Column,
    Row,
    between,
    by_cell,
    by_pair,
    dagger,
    dagger_note,
    label,
    row_label,
    star,
    tabular,
)

OF_RATE = ("lr", "train.learning_rate")  # choices that Table III is about
STEPS = ("Rank", "Placement", "Quantisation")  # choices of which a value comes first
HEADLINE, EVERY_ROLE = ["train"], ["train", "probe"]


def performance(results: Results, ledger: Ledger) -> str:
    """Table I: accuracy and cost of the headline grid, grouped by architecture, under the baselines."""
    cells = results.cells
    memory, parameters = memory_unit(cells["peak_memory_bytes_mean"]), parameter_unit(cells["total_parameters"])
    columns = [
        Column("Configuration", "l"),
        Column(f"Trainable ({parameters.symbol})"),
        Column(r"Share (\%)"),
        *_score_columns(results),
        Column("Training (s)"),
        Column(f"Memory ({memory.symbol})"),
    ]

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
            ledger.numeral(f"{name}.trainable"),
            ledger.numeral(f"{name}.trainable_share"),
            *_leading_first(results, accuracy, ledger.numeral(f"{name}.f1")),
            ledger.numeral(f"{name}.seconds"),
            ledger.numeral(f"{name}.memory"),
        ]

    encoders = all(is_encoder(architecture.model_class) for architecture in results.study.architectures.values())
    without = "No encoder" if encoders else "No pretrained model"
    groups = [(without, baselines(results, ledger)), *by_cell(results, HEADLINE, row)]
    return tabular(columns, groups, note=dagger_note(results, len(columns)))


def _score_columns(results: Results) -> list[Column]:
    """Accuracy with its interval and difference, and macro-F1: what configurations are ranked by comes first."""
    accuracy = [Column(r"Accuracy (\%)"), Column("Interval"), Column(r"$\Delta$ (pp)")]
    return _leading_first(results, accuracy, Column(r"Macro-F1 (\%)"))


def _leading_first(results: Results, accuracy: list, f1: object) -> list:
    """Cells or columns of both measures."""
    return [*accuracy, f1] if results.measure == ACCURACY else [f1, *accuracy]


def baselines(results: Results, ledger: Ledger) -> list[Row]:
    """Rows of Table I without cost, for there is nothing to fine-tune; the ceiling only where it is known."""
    rows = []
    for key, name in BASELINES.items():
        if ledger.has(f"baseline.{key}"):
            accuracy, f1 = ledger.numeral(f"baseline.{key}"), ledger.numeral(f"baseline.{key}_f1")
            costs = [NOT_MEASURED, NOT_MEASURED]
            scores = _leading_first(results, [accuracy, NOT_MEASURED, NOT_MEASURED], f1)
            rows.append([capitalised(name), *costs, *scores, *costs])
    return rows


def sensitivity(results: Results, ledger: Ledger) -> str | None:
    """Table III: each method at the base and at the probe rate; None when no method was run at both."""
    both_rates = results.study.pairs("lr")
    if not both_rates:
        return None
    columns = [
        Column("Configuration", "l"),
        Column(r"Base (\%)"),
        Column(r"Probe (\%)"),
        Column(r"$\Delta$ (pp)"),
        Column("$p$"),
    ]

    def row(architecture: str, base: str, probe: str) -> Row:
        base_accuracy, probe_accuracy = f"{architecture}.{base}.accuracy", f"{architecture}.{probe}.accuracy"
        return [
            row_label(results, architecture, base, probe),
            ledger.with_deviation(base_accuracy, f"{base_accuracy}_sd"),
            ledger.with_deviation(probe_accuracy, f"{probe_accuracy}_sd"),
            ledger.numeral(f"{architecture}.{probe}.vs.{base}.difference"),
            ledger.numeral(f"{architecture}.{probe}.vs.{base}.p"),
        ]

    return tabular(columns, by_pair(results, both_rates, row), note=dagger_note(results, len(columns)))


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

    def row(architecture: str, configuration: str) -> Row:
        name = f"{architecture}.{configuration}"
        return [
            row_label(results, architecture, configuration),
            ledger.numeral(f"{name}.lowest"),
            ledger.numeral(f"{name}.highest"),
            ledger.numeral(f"{name}.range"),
        ]

    return tabular(columns, by_cell(results, EVERY_ROLE, row), note=dagger_note(results, len(columns)))


def choices(results: Results, ledger: Ledger) -> str | None:
    """Pairs that differ in one design choice: difference, its interval and the corrected p; None without such pairs."""
    study = results.study
    tested = {frozenset((test.first, test.second)) for test in results.statistics.comparisons}
    choice_of = dict.fromkeys(study.pairs("adapter.r", "adapter.lora_alpha"), "Rank")
    choice_of |= dict.fromkeys(study.pairs("target"), "Placement")
    choice_of |= dict.fromkeys(study.pairs("quantization"), "Quantisation")
    for pair, choice in study.pairs_of_one_choice().items():
        is_there = choice in OF_RATE or choice_of.keys() & {pair, pair[::-1]}
        if not is_there and study.reference not in pair:
            field = in_typewriter([choice.partition(".")[2] or choice])
            choice_of[pair] = Latex(field.replace(r"\_", r"\_\allowbreak{}"))  # its column is narrow
    pairs = [pair for pair in choice_of if frozenset(pair) in tested]
    if not pairs:
        return None
    columns = [Column("Choice", "l"), Column(r"$\Delta$"), Column("Interval"), Column("$p$")]

    def row(architecture: str, first: str, second: str) -> Row:
        key, choice = f"{architecture}.{second}.vs.{first}", choice_of[first, second]
        name = f"{choice} ({label(results, second)})"
        if choice not in STEPS:  # neither value is a step from the other
            name = rf"\rowname{{{choice}: {label(results, second)} against {label(results, first)}}}"
        return [
            name + dagger(results, architecture, first, second),
            ledger.numeral(f"{key}.difference"),
            between(ledger, f"{key}.low", f"{key}.high"),
            ledger.numeral(f"{key}.p"),
        ]

    # names of other choices take two lines
    heights = [1 if choice_of[pair] in STEPS else 2 for pair in pairs] * len(study.architectures)
    return tabular(columns, by_pair(results, pairs, row), note=dagger_note(results, len(columns)), heights=heights)


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
    """The kept runs on IMDb beside this build's of the same architecture; None where there are none to show."""
    if results.real is None:
        return None
    architecture, full = results.real.architecture, results.study.reference
    columns = [
        Column("Configuration", "l"),
        Column(r"IMDb (\%)"),
        Column(r"$\Delta$ (pp)"),
        Column(r"Here (\%)"),
        Column(r"$\Delta$ (pp)"),
    ]

    def row(configuration: str) -> Row:
        here = f"{architecture}.{configuration}"
        return [
            row_label(results, architecture, configuration),
            ledger.with_deviation(f"imdb.{configuration}.accuracy", f"imdb.{configuration}.accuracy_sd"),
            ledger.numeral(f"imdb.{configuration}.difference"),
            ledger.numeral(f"{here}.accuracy"),
            ledger.numeral(f"{here}.vs.{full}.difference") if full else NOT_MEASURED,
        ]

    return tabular(columns, [(None, [row(name) for name in results.real.cells.index])])
