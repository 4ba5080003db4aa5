"""What a configuration is told beside its rank, scale and dropout: PEFT's other options, its own training settings."""

import json
from typing import NamedTuple

import pandas as pd

from stages.report.entries.inputs import Results
from stages.report.numbers.ledger import Ledger
from stages.report.numbers.names import adapter_of
from stages.report.numbers.units import COUNT

# Fields of PEFT's configurations that other columns of Table II have, or that follow from what they have.
SHOWN_ELSEWHERE = ("peft_type", "r", "lora_alpha", "lora_dropout", "target_modules", "feedforward_modules")
OF_TRAINING = (
    "epochs",
    "batch_size",
    "gradient_accumulation",
    "schedule",
    "warmup",
    "weight_decay",
    "early_stopping",
)
OF_RUN = ("loraplus_lr_ratio",)  # settings that a run has for its method alone


class Option(NamedTuple):
    """One option of a configuration."""

    field: str  # of PEFT's configuration, or of params.yaml's ``train``
    value: object  # as JSON has it

    @property
    def is_number(self) -> bool:
        return isinstance(self.value, int | float) and not isinstance(self.value, bool)

    @property
    def key(self) -> str:
        """Of its number in the ledger, under that of the configuration."""
        return f"option.{self.field}"

    @property
    def shown(self) -> str:
        """As Table II has it."""
        if self.is_number:
            return f"{self.value:g}"
        return self.value if isinstance(self.value, str) else json.dumps(self.value)

    @property
    def text(self) -> str:
        return f"{self.field} {self.shown}, "


def options_of(results: Results, run: pd.Series) -> list[Option]:
    """Of a row of the tidy table: PEFT's fields in the order given, then what differs from the profile's training."""
    options = [Option(field, value) for field, value in adapter_of(run).items() if field not in SHOWN_ELSEWHERE]
    common = results.study.train.model_dump()
    for field in OF_TRAINING:
        value = None if pd.isna(run[field]) else run[field]
        if value != common[field]:
            options.append(Option(field, "none" if value is None else _plain(value)))
    options += [Option(field, _plain(run[field])) for field in OF_RUN if field in run and not pd.isna(run[field])]
    return options


def enter_options(ledger: Ledger, results: Results) -> None:
    """Those that are numbers, as the first run of each configuration recorded them."""
    for _, run in results.runs.drop_duplicates("configuration").iterrows():
        name = run["configuration"]
        for option in options_of(results, run):
            if option.is_number:
                column = "adapter" if option.field in adapter_of(run) else option.field
                source = results.first_run(column, name)
                ledger.add(f"configuration.{name}.{option.key}", option.shown, COUNT, source)


def _plain(value: object) -> object:
    """Of NumPy's types, Python's."""
    return value.item() if hasattr(value, "item") else value
