"""The schema of ``metrics/baselines.json``: scores that put those of the encoders in place."""

from typing import Literal

from pydantic import Field

from stages.core.files import StageFile
from stages.core.types import Strict


class Majority(Strict):
    """Every text gets the training split's more frequent class."""

    label: int
    test_accuracy: float = Field(ge=0, le=1)
    test_f1_macro: float = Field(ge=0, le=1)


class BagOfWords(Strict):
    """Logistic regression on TF-IDF of words and word pairs; ``c`` is the inverse regularisation chosen."""

    test_accuracy: float = Field(ge=0, le=1)
    test_f1_macro: float = Field(ge=0, le=1)
    validation_accuracy: float = Field(ge=0, le=1)
    c: float
    features: int
    unit: Literal["words", "characters"]


class Baselines(StageFile, Strict):
    """Accuracies as fractions of the test split. ``ceiling_accuracy`` is known for generated reviews alone."""

    PLACE = "metrics/baselines.json"
    STAGE = "baselines"

    majority: Majority
    tfidf_logistic_regression: BagOfWords
    ceiling_accuracy: float | None
