"""The published study's figures (``data/reported/``), under this study's names.

Source: Hanif 2025, notebook and report. ``runs.csv`` holds the 59 printed runs, ``epochs.csv`` their epochs,
``configs.csv`` their settings, ``kernel_segments.csv`` which of them shared a process, ``texts.csv`` the rows of each
split that the notebook prints, and ``table1.csv`` and ``table3.csv`` the report's tables as printed, errors included.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from stages.core.csv_tables import read_table
from stages.core.errors import InputError

FOLDER = Path("data/reported")
AGAIN = "`git checkout {}` brings it back"
TEXTS = {"arch", "config", "exp_id", "kernel", "method", "split"}  # columns
GIGABYTE = 2**30  # "GB" of the notebook: torch's bytes divided by 1024 three times
ARCHITECTURES = {
    "distilbert-base-uncased": "distilbert",
    "roberta-base": "roberta",
    "microsoft/deberta-v3-base": "deberta",
    "DistilBERT": "distilbert",
    "RoBERTa-base": "roberta",
    "DeBERTa-v3-base": "deberta",
}
CONFIGURATIONS = {  # by experiment and method
    ("01", "full_ft"): "full",
    ("02", "lora"): "lora-r8",
    ("03", "lora"): "lora-r16",
    ("04", "lora"): "lora-ffn",
    ("05", "qlora"): "qlora-ffn",
    ("06", "ia3"): "ia3",
    ("07", "full_ft"): "full-probe",
    ("07", "lora"): "lora-ffn-probe",
    ("07", "qlora"): "qlora-ffn-probe",
    ("07", "ia3"): "ia3-probe",
}
METHODS_OF_TABLE1 = {
    "Full FT": "full_ft",
    "LoRA r=8": "lora",
    "LoRA FFN": "lora",
    "LoRA Opt": "lora",
    "QLoRA FFN": "qlora",
    "QLoRA Opt": "qlora",
    "IA3": "ia3",
}
# Of each file, as it was copied from the published study: no other figures may be printed as its own.
SHA256 = {
    "configs.csv": "2651e4a0af592c2ebba7d04b9f71bf12b83805c01b06321a2d2e31499ec40083",
    "epochs.csv": "e1c02c411d88568ae4782e91aff3dd3f93f27650fedad23cb1cfa100dc727e7a",
    "kernel_segments.csv": "177c8b47c49be6bc38174f5aba92169cea817aeef3f8bae242b56de57cbee0c4",
    "runs.csv": "bd401568baf619f0733043dcf527c35e308e1dc7b7235b4c257fbbda22d3a921",
    "table1.csv": "242e346d3810098d860ac1fb688c251c93dc5f2797eba4a6cf53ce80b6795ab1",
    "table3.csv": "e19547985f96bf10a86da30c922ffa522f92fe94dca75af21dc4f2cd83a64575",
    "texts.csv": "595f98a695c8440c5393071fc4d1231ab69d35fb8022f87ac3a09c1eec1f60ff",
}
# Processes whose first run was the first to train, as the notebook shows, and which print far more memory than its
# model needs: as if a run that was not printed had come before (see memory_check.by_process, and its test).
PRINTS_MORE = ("8040", "D3")
CONFIGURATIONS_OF_TABLE3 = {"LoRA": "lora-ffn", "QLoRA": "qlora-ffn", "IA3": "ia3"}  # at the base rate


class PrintedTables(NamedTuple):
    """The published figures that are held against each other."""

    runs: pd.DataFrame
    segments: pd.DataFrame
    table1: pd.DataFrame
    table3: pd.DataFrame
    texts: pd.DataFrame


def read_printed() -> PrintedTables:
    """All that is held against each other.

    Raises:
        InputError: a file is damaged or edited, be it one that no table is made of.
    """
    for name in SHA256:
        require_as_copied(name)
    return PrintedTables(runs(), segments(), table1(), table3(), texts())


def runs() -> pd.DataFrame:
    """The printed runs: accuracy and F1 as fractions, seconds, "GB" of memory, millions of parameters."""
    return _named(_read("runs.csv"))


def epochs() -> pd.DataFrame:
    """Losses, accuracy and F1 of each epoch; the accuracies are of the test split."""
    return _named(_read("epochs.csv"))


def configs() -> pd.DataFrame:
    """The exact settings of each run."""
    return _named(_read("configs.csv"))


def segments() -> pd.DataFrame:
    """Process of each run (``kernel``), whether it was the first to train in it, and its printed memory.

    ``fresh``: whether nothing else is in that memory, as far as notebook and prediction show.
    """
    table = _named(_read("kernel_segments.csv"))
    is_first = table["first_training_run_in_kernel"] == 1
    return table.assign(fresh=is_first & ~table["kernel"].isin(PRINTS_MORE))


def table1() -> pd.DataFrame:
    """The report's Table I: accuracy in percent, seconds, "GB", millions of parameters."""
    table = _read("table1.csv")
    return _named(table.assign(method=table["config"].map(METHODS_OF_TABLE1)))


def table3() -> pd.DataFrame:
    """The report's Table III: accuracy in percent at both rates, by method."""
    table = _read("table3.csv")
    configurations = table["method"].map(CONFIGURATIONS_OF_TABLE3)
    return _with_names(table, configurations).drop(columns="method")


def texts() -> pd.DataFrame:
    """Rows of each split, by architecture: the notebook loads and prints them for each."""
    table = _read("texts.csv")
    return _with_names(table, table["split"])


def _read(name: str) -> pd.DataFrame:
    require_as_copied(name)
    return read_table(FOLDER / name, lambda column: column in TEXTS)


def require_as_copied(name: str) -> None:
    """A file of the published figures is what it was.

    Raises:
        InputError: it is damaged or edited.
    """
    path = FOLDER / name
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; {AGAIN.format(path)}") from error
    if found != SHA256[name]:
        raise InputError(f"{path}: not as it was copied from the published study (SHA-256); {AGAIN.format(path)}")


def _named(table: pd.DataFrame) -> pd.DataFrame:
    keys = zip(table["exp_id"], table["method"], strict=True)
    return _with_names(table, [CONFIGURATIONS[key] for key in keys])


def _with_names(table: pd.DataFrame, configurations: pd.Series | list[str]) -> pd.DataFrame:
    """``architecture`` and ``configuration`` in place of the published study's own names."""
    architectures = table["arch"].map(ARCHITECTURES)
    return table.assign(architecture=architectures, configuration=configurations).drop(columns="arch")
