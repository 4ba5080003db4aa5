"""What ``census`` is told: the grid at full size, under every protocol that the study uses."""

from stages.core.files import StageFile
from stages.core.types import Strict
from stages.encoders.settings import FullSize
from stages.training.settings import RunSettings

FULL_SIZE_PROFILE = "paper"  # whose batch sizes, lengths and precision the census counts with


class CensusSettings(StageFile, Strict):
    """For ``census``: the grid at full size, whatever the chosen profile, under every protocol used."""

    PLACE = "data/settings/census.json"
    STAGE = "settings"

    full_size: dict[str, FullSize]  # by architecture
    runs: dict[str, dict[str, dict[str, RunSettings]]]  # by protocol, architecture, configuration
