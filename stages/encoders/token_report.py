"""``metrics/tokenized/<architecture>.json``: how long the texts are in tokens, and how many are cut."""

from typing import Literal, Self

import numpy as np
from pydantic import Field

from stages.core.files import StageFile
from stages.core.types import Strict


class SplitTokens(Strict):
    """One split. Lengths are of whole texts, or pairs of texts, in tokens with the special ones."""

    rows: int = Field(ge=0)
    truncated_share: float = Field(ge=0, le=1)  # of the rows
    tokens_median: float = Field(ge=0)
    tokens_max: int = Field(ge=0)

    @classmethod
    def of(cls, kept: np.ndarray, whole: np.ndarray) -> Self:
        """From tokens kept and tokens of the whole text, both (rows,); zeros where there is no row."""
        if not len(whole):
            return cls(rows=0, truncated_share=0, tokens_median=0, tokens_max=0)
        return cls(
            rows=len(whole),
            truncated_share=float(np.mean(whole > kept)),
            tokens_median=float(np.median(whole)),
            tokens_max=int(whole.max()),
        )


class TokenReport(StageFile, Strict):
    """The whole file; ``max_length`` is where texts are cut, in tokens with the special ones."""

    PLACE = "metrics/tokenized/{}.json"
    STAGE = "tokenize@{}"

    architecture: str
    max_length: int
    splits: dict[Literal["train", "validation", "test"], SplitTokens]
    sha256: dict[str, str] | None = None  # of each split's folder; reports of older studies lack it
