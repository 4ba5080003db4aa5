"""``metrics/tokenized/<architecture>.json``: how many tokens the texts have, and what the length limit cuts."""

from typing import Literal

from pydantic import Field

from stages.core.files import StageFile
from stages.core.types import Strict


class SplitTokens(Strict):
    """Of one split, before truncation."""

    rows: int
    truncated_share: float = Field(ge=0, le=1)
    tokens_median: float
    tokens_max: int


class TokenReport(StageFile, Strict):
    """The whole file."""

    PLACE = "metrics/tokenized/{}.json"
    STAGE = "tokenize@{}"

    architecture: str
    max_length: int
    splits: dict[Literal["train", "validation", "test"], SplitTokens]
