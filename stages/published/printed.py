"""The published study's figures (``data/reported/``), under this study's names.

Source: Hanif 2025, notebook and report. ``runs.csv`` holds the 59 printed runs, ``epochs.csv`` their epochs,
``configs.csv`` their settings, ``kernel_segments.csv`` which of them shared a process, and ``table1.csv`` and
``table3.csv`` the report's tables as printed, errors included.
"""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from stages.core.csv_tables import read_table

FOLDER = Path("data/reported")
TEXTS = {"arch", "config", "exp_id", "kernel", "method"}  # columns
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
CONFIGURATIONS_OF_TABLE3 = {"LoRA": "lora-ffn", "QLoRA": "qlora-ffn", "IA3": "ia3"}  # at the base rate


class PrintedTables(NamedTuple):
    """The published figures that are held against each other."""

    runs: pd.DataFrame
    segments: pd.DataFrame
    table1: pd.DataFrame
    table3: pd.DataFrame


def read_printed() -> PrintedTables:
    return PrintedTables(runs(), segments(), table1(), table3())


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
    """Process of each run (``kernel``), whether it was the first to train in it, and its printed memory."""
    return _named(_read("kernel_segments.csv"))


def table1() -> pd.DataFrame:
    """The report's Table I: accuracy in percent, seconds, "GB", millions of parameters."""
    table = _read("table1.csv")
    return _named(table.assign(method=table["config"].map(METHODS_OF_TABLE1)))


def table3() -> pd.DataFrame:
    """The report's Table III: accuracy in percent at both rates, by method."""
    table = _read("table3.csv")
    configurations = table["method"].map(CONFIGURATIONS_OF_TABLE3)
    return _with_names(table, configurations).drop(columns="method")


def _read(name: str) -> pd.DataFrame:
    return read_table(FOLDER / name, lambda column: column in TEXTS)


def _named(table: pd.DataFrame) -> pd.DataFrame:
    keys = zip(table["exp_id"], table["method"], strict=True)
    return _with_names(table, [CONFIGURATIONS[key] for key in keys])


def _with_names(table: pd.DataFrame, configurations: pd.Series | list[str]) -> pd.DataFrame:
    """``architecture`` and ``configuration`` in place of the published study's own names."""
    architectures = table["arch"].map(ARCHITECTURES)
    return table.assign(architecture=architectures, configuration=configurations).drop(columns="arch")
