"""Tables of the results: performance, sensitivity, seeds, choices, reliability, the kept study."""

from stages.report.entries.inputs import Results
from stages.report.numbers.latex import Latex, named
from stages.report.numbers.ledger import Ledger
from stages.report.numbers.names import BASELINES, capitalised
from stages.report.numbers.units import memory_unit, parameter_unit
from stages.report.tables.tabular import DAGGER, NONE, Column, between, by_architecture, hole_note, label, mark, tabular


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
        name, full = f"{architecture}.{configuration}", study.reference
        return [
            label(results, configuration, architecture),
            ledger.numeral(f"{name}.trainable"),
            ledger.numeral(f"{name}.trainable_share"),
            ledger.with_deviation(f"{name}.accuracy", f"{name}.accuracy_sd"),
            between(ledger, f"{name}.interval_low", f"{name}.interval_high"),
            ledger.numeral(f"{name}.vs.{full}.difference") + mark(results, architecture, full, configuration),
            *(ledger.numeral(f"{name}.{key}") for key in ("f1", "seconds", "memory")),
        ]

    groups = [("No encoder", baselines(ledger)), *by_architecture(results, "train", row)]
    return tabular(columns, groups, note=hole_note(results, len(columns)))


def baselines(ledger: Ledger) -> list[list[str]]:
    """Rows of Table I without cost, for there is nothing to fine-tune; the ceiling only where it is known."""
    rows = []
    for key, name in BASELINES.items():
        if ledger.has(f"baseline.{key}"):
            accuracy, f1 = ledger.numeral(f"baseline.{key}"), ledger.numeral(f"baseline.{key}_f1")
            rows.append([capitalised(name), NONE, NONE, accuracy, NONE, NONE, f1, NONE, NONE])
    return rows


def sensitivity(results: Results, ledger: Ledger) -> str | None:
    """Table III: each method at the base and at the probe rate; None when no method was run at both."""
    study = results.study
    both = study.pairs("lr")
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
            *(ledger.with_deviation(*keys) for keys in scores),
            ledger.numeral(f"{architecture}.{probe}.vs.{base}.difference"),
            ledger.numeral(f"{architecture}.{probe}.vs.{base}.p"),
        ]

    groups = [(study.label(a), [row(a, *pair) for pair in both]) for a in study.architectures]
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
        own = (ledger.numeral(f"{architecture}.{configuration}.{key}") for key in ("lowest", "highest", "range"))
        return [label(results, configuration, architecture), *own]

    return tabular(columns, by_architecture(results, None, row), note=hole_note(results, len(columns)))


def choices(results: Results, ledger: Ledger) -> str | None:
    """Pairs that differ in one design choice: difference, its interval and the corrected p; None without such pairs."""
    study = results.study
    fields = {"Rank": ("rank", "alpha"), "Placement": ("placement",), "Quantisation": ("method",)}
    tested = {(test.first, test.second) for test in results.statistics.comparisons}
    found = [(label, pair) for label, names in fields.items() for pair in study.pairs(*names) if pair in tested]
    if not found:
        return None
    columns = [Column("Choice", "l"), Column(r"$\Delta$"), Column("Interval"), Column("$p$")]

    def row(architecture: str, choice: str, first: str, second: str) -> list[str]:
        key = f"{architecture}.{second}.vs.{first}"
        marked = results.has_hole(architecture, first) or results.has_hole(architecture, second)
        compared = Latex(f"{choice} ({named(study.configurations[second].label)})" + (DAGGER if marked else ""))
        own = [
            ledger.numeral(f"{key}.difference"),
            between(ledger, f"{key}.low", f"{key}.high"),
            ledger.numeral(f"{key}.p"),
        ]
        return [compared, *own]

    groups = [(study.label(a), [row(a, choice, *pair) for choice, pair in found]) for a in study.architectures]
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
        return [label(results, configuration, architecture), *(ledger.numeral(f"{name}.{key}") for key in keys)]

    return tabular(columns, by_architecture(results, "train", row), note=hole_note(results, len(columns)))


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

    def row(configuration: str) -> list[str]:
        here = f"{architecture}.{configuration}"
        return [
            label(results, configuration, architecture),
            ledger.with_deviation(f"imdb.{configuration}.accuracy", f"imdb.{configuration}.accuracy_sd"),
            ledger.numeral(f"imdb.{configuration}.difference"),
            ledger.numeral(f"{here}.accuracy"),
            ledger.numeral(f"{here}.vs.{full}.difference"),
        ]

    return tabular(columns, [(None, [row(name) for name in results.real.cells.index])])
