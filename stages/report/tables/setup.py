"""Tables of the set-up: base models, configurations, and the modules that these adapt."""

import pandas as pd

from stages.report.entries.inputs import Results
from stages.report.entries.options import Option, options_of
from stages.report.numbers.latex import Latex, escape, named
from stages.report.numbers.ledger import NOT_MEASURED, Ledger
from stages.report.numbers.names import has_virtual_tokens, in_typewriter, method_name, patterns_of, placement_name
from stages.report.numbers.units import parameter_unit
from stages.report.tables.tabular import WRAPPED, Column, Row, cell_name, label, tabular
from stages.study.configuration import PEFT_DEFAULT
from stages.study.grid import StudySettings

OPTIONS = "O"  # a column that wraps, of the report's template
OPTIONS_LINE = 36  # characters of options on a line, about
COMMIT_DIGITS = 12
RATES = ("nominal_learning_rate", "learning_rate")


def bases(results: Results, ledger: Ledger) -> str | None:
    """The base models and what pretraining did; None for a single one, of which sentences say it."""
    if len(results.bases) == 1:
        return None
    sizes = parameter_unit(pd.Series([report.parameters for report in results.bases.values()]))
    columns = {
        "checkpoint": Column("Checkpoint", "l"),
        "commit": Column("Commit", "l"),
        "parameters": Column(f"Parameters ({sizes.symbol})"),
        "vocab_size": Column("Vocabulary"),
        "mlm_loss_first": Column("Loss before"),
        "mlm_loss_last": Column("after"),
        "mlm_loss_unigram": Column("Unigram"),
        "probe_accuracy_random": Column(r"Probe before (\%)"),
        "probe_accuracy": Column(r"after (\%)"),
    }
    rows = [_base(results, ledger, name, list(columns)[2:]) for name in results.bases]
    used = [at for at, _ in enumerate(columns) if any(row[1 + at] not in ("", NOT_MEASURED) for row in rows)]
    rows = [[row[0], *(row[1 + at] for at in used)] for row in rows]
    return tabular([Column("Architecture", "l"), *(list(columns.values())[at] for at in used)], [(None, rows)])


def _base(results: Results, ledger: Ledger, name: str, quantities: list[str]) -> Row:
    report, hub_id = results.bases[name], results.study.architectures[name].hub_id
    is_published = report.source in ("hub", "package") and hub_id is not None
    return [
        cell_name(results.study.label(name)),
        rf"\texttt{{{named(hub_id)}}}" if is_published else Latex(""),
        rf"\texttt{{{named(report.revision[:COMMIT_DIGITS])}}}" if report.revision else Latex(""),
        *(ledger.numeral(f"base.{name}.{quantity}") for quantity in quantities),
    ]


def configurations(results: Results, ledger: Ledger) -> str:
    """Table II: what each configuration is, as its records say it was run; columns with nothing in them are left out.

    Options are what else a configuration gives PEFT, and what it trains with instead of the profile's settings.
    """
    columns = {
        "Exp.": Column("Exp.", "l"),
        "Configuration": Column("Configuration", "l"),
        "Method": Column("Method", "l"),
        "Adapted": Column("Adapted", "l"),
        "rank": Column("$r$", "l"),
        "alpha": Column(r"$\alpha$", "l"),
        "dropout": Column("Dropout", "l"),
        "Options": Column("Options", OPTIONS),
        "Optimiser": Column("Optimiser", "l"),
        "Precision": Column("Precision", "l"),
        "Nominal": Column("Nominal"),
        "Effective": Column("Effective"),
    }
    rows, heights = [], []
    for _, run in results.runs.drop_duplicates("configuration").iterrows():
        options = options_of(results, run)
        rows.append(_configuration(results, ledger, run, options))
        heights.append(1 + sum(len(option.text) for option in options) // OPTIONS_LINE)
    used = [at for at, _ in enumerate(columns) if any(row[at] not in ("", NOT_MEASURED) for row in rows)]
    rows = [[row[at] for at in used] for row in rows]
    return tabular([list(columns.values())[at] for at in used], [(None, rows)], heights=heights)


def _configuration(results: Results, ledger: Ledger, run: pd.Series, options: list[Option]) -> Row:
    name = run["configuration"]
    key = f"configuration.{name}"
    return [
        ledger.numeral(f"{key}.exp"),
        label(results, name),
        method_name(run),
        adapted(run),
        *(ledger.numeral(f"{key}.{field}") for field in ("rank", "alpha", "dropout")),
        Latex(", ".join(_option(ledger, key, option) for option in options)),
        escape(run["optimizer"]),
        escape(run["precision"]),
        *(ledger.span(f"{key}.{field}") for field in RATES),
    ]


def _option(ledger: Ledger, key: str, option: Option) -> Latex:
    """``use_dora``, ``no bias``, ``n_frequency 100``."""
    name = rf"\texttt{{{named(option.field)}}}"
    if option.value is True:
        return Latex(name)
    if option.is_number:
        return Latex(f"{name} {ledger.numeral(f'{key}.{option.key}')}")
    return Latex(f"{name} {named(option.shown)}")


def adapted(run: pd.Series) -> Latex:
    """What a row of the tidy table adapts: a placement in words, or the names that its configuration gives."""
    if run["method"] == "full":
        return Latex("all weights")
    if run["method"] == "subset":
        return in_typewriter(patterns_of(run)) if patterns_of(run) else Latex("nothing else")
    if has_virtual_tokens(run):
        return Latex("virtual tokens")
    if not pd.isna(run["target"]):
        return placement_name(run["target"])
    if pd.isna(run["target_modules"]):
        return placement_name(PEFT_DEFAULT)
    return in_typewriter(run["target_modules"].split())


def modules(study: StudySettings) -> str | None:
    """Which modules each placement adapts, by architecture; those of the grid's adapters alone."""
    of_grid = {configuration.target for configuration in study.configurations.values()}
    architectures = study.architectures.values()
    placements = [name for each in architectures for name in each.modules if name in of_grid]
    if not placements:
        return None
    # module names are long: their columns share the page and wrap
    columns = [Column("Adapted", "l"), *(Column(named(each.label), WRAPPED) for each in architectures)]
    rows = []
    for placement in dict.fromkeys(placements):
        names = [each.modules.get(placement) for each in architectures]
        rows.append([placement_name(placement), *map(module_names, names)])
    rows.append(["head", *(module_names(each.head) for each in architectures)])
    return tabular(columns, [(None, rows)], width=r"\textwidth")


def module_names(modules: list[str] | None) -> Latex:
    """Those that the settings name; a head that they do not name is what the checkpoint does not bring."""
    return Latex("as the checkpoint leaves it to be trained") if modules is None else in_typewriter(modules)
