"""``make new`` in a test: what it writes for a data set, and what it asks."""

from pathlib import Path

import pandas as pd
import pytest

from stages.core.errors import InputError
from stages.data.settings import LocalData
from stages.encoders.settings import PretrainedBase
from stages.study.params import Params
from tests.helpers.own_data import SPAM, rows_of
from tools.studies import new
from tools.studies.merging import read_study

TEXTS = [text for text, _ in rows_of(SPAM, 40)]
OTHERS = [f"{text} again" for text in TEXTS]
CLASSES = ["ham", "spam"] * 20


def written(data: str | Path, **given: str) -> tuple[Params, LocalData, PretrainedBase]:
    """Parameters of the study that is written, and its data and base."""
    new.main(name="mine", data=str(data), **given)
    params = read_study("mine").params
    return params, params.profiles["mine"].data, params.profiles["mine"].base


def table(**columns: list) -> None:
    """Write ``d.csv``."""
    pd.DataFrame(columns).to_csv("d.csv", index=False)


def fault(data: str = "d.csv", **given: str) -> str:
    """What is asked or refused, one line; nothing is written."""
    with pytest.raises(InputError) as caught:
        new.main(**{"name": "mine", "data": data} | given)
    assert not Path("studies/mine.yaml").exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)
