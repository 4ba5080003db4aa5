"""What ``prepare`` is told: where the data comes from and how it is split."""

from typing import Annotated, Literal

from pydantic import Field

from stages.core.files import StageFile
from stages.core.types import Revision, Seed, Strict


class GeneratedData(Strict):
    """Reviews made by the project's own grammar (``stages/data/generator.py``); counts are rows."""

    source: Literal["generated"]
    train: Annotated[int, Field(ge=16)]
    validation: Annotated[int, Field(ge=2)]
    test: Annotated[int, Field(ge=2)]
    unsupervised: Annotated[int, Field(ge=0)]
    label_noise: Annotated[float, Field(ge=0, lt=0.5)]
    seed: Seed


class LocalData(Strict):
    """A local file or folder: Parquet, CSV/TSV, JSON Lines, or the ``aclImdb/`` tree."""

    source: Literal["local"]
    path: str
    validation: Annotated[int, Field(ge=2)]
    seed: Seed


class HubData(Strict):
    """A dataset on the Hugging Face hub at a full commit id."""

    source: Literal["hub"]
    hub_id: str
    revision: Revision
    validation: Annotated[int, Field(ge=2)]
    seed: Seed


class DataSettings(StageFile, Strict):
    """For ``prepare``."""

    PLACE = "data/settings/data.json"
    STAGE = "settings"

    data: Annotated[GeneratedData | LocalData | HubData, Field(discriminator="source")]
    deduplicate: bool
