"""The schema of ``metrics/baselines.json``: scores that put those of the encoders in place."""

from typing import Literal

from pydantic import Field

from stages.core.files import StageFile
from stages.core.types import Strict

Unit = Literal["words", "characters"]


class Majority(Strict):
    """Every text gets the training split's most frequent class; ``label`` is its id."""

    label: int
    test_accuracy: float = Field(ge=0, le=1)
    test_f1_macro: float = Field(ge=0, le=1)


class BagOfWords(Strict):
    """Logistic regression on TF-IDF of words and word pairs, or of runs of up to three characters.

    In data of pairs each of the two texts has features of its own. ``c`` is the inverse regularisation chosen.
    """

    unit: Unit
    test_accuracy: float = Field(ge=0, le=1)
    test_f1_macro: float = Field(ge=0, le=1)
    validation_accuracy: float = Field(ge=0, le=1)
    c: float
    features: int


class Baselines(StageFile, Strict):
    """Accuracies as fractions of the test split; F1 is the mean over all classes.

    ``ceiling_accuracy`` is known for generated reviews alone.
    """

    PLACE = "metrics/baselines.json"
    STAGE = "baselines"

    majority: Majority
    tfidf_logistic_regression: BagOfWords
    ceiling_accuracy: float | None
