"""baselines: data/raw/ -> metrics/baselines.json, the scores of two classifiers without an encoder.

The bag of words is fitted on the training split and its regularisation chosen on the validation split, as the
fine-tuned encoders choose their epoch; the test split is scored once.
"""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score

from stages.analysis.baselines import BagOfWords, Baselines, Majority, Unit
from stages.core.errors import InputError, run_stage
from stages.core.parquet import read_parquet
from stages.data.card import Card

RAW = Path("data/raw")
INVERSE_REGULARISATION = (0.1, 1.0, 10.0, 100.0)
# Without spaces between words, as in Chinese, or with a word a text, hardly any word occurs twice.
VECTORIZERS: dict[Unit, dict[str, object]] = {
    "words": {"ngram_range": (1, 2), "min_df": 2, "sublinear_tf": True},
    "characters": {"analyzer": "char", "ngram_range": (1, 3), "sublinear_tf": True},
}
WORDS_SUFFICE = 0.5  # share of the training texts that have a word in common with another


def main() -> None:
    """Fit both baselines and write their scores."""
    train, validation, test = (read_split(name) for name in ("train", "validation", "test"))
    baselines = Baselines(
        majority=majority(train, test),
        tfidf_logistic_regression=bag_of_words(train, validation, test),
        ceiling_accuracy=Card.read().ceiling_accuracy,
    )
    baselines.write()
    bag = baselines.tfidf_logistic_regression
    print(
        f"majority {baselines.majority.test_accuracy:.4f}, "
        f"TF-IDF of {bag.unit} and logistic regression {bag.test_accuracy:.4f}"
    )


def read_split(name: str) -> pd.DataFrame:
    """Columns ``text``, in data of pairs ``pair``, and ``label``.

    Raises:
        InputError: the split is missing or damaged.
    """
    path = RAW / f"{name}.parquet"
    if not path.exists():
        raise InputError(f"{path}: not found; run `dvc repro prepare` first")
    return read_parquet(path, "prepare").replace_schema_metadata().to_pandas()


def majority(train: pd.DataFrame, test: pd.DataFrame) -> Majority:
    """Score the most frequent class; the lowest id of equally frequent ones."""
    classifier = DummyClassifier(strategy="most_frequent").fit(train[["text"]], train["label"])
    predicted = classifier.predict(test[["text"]])
    return Majority(
        label=int(predicted[0]),
        test_accuracy=accuracy_score(test["label"], predicted),
        test_f1_macro=macro_f1(test["label"], predicted),
    )


def bag_of_words(train: pd.DataFrame, validation: pd.DataFrame, test: pd.DataFrame) -> BagOfWords:
    """Score logistic regression on what texts consist of; of equally good regularisations, the stronger."""
    unit, vectorizer, features = vectorized(train)
    held_out = vectorizer.transform(validation)
    fitted = [fitted_regression(c, features, train["label"]) for c in INVERSE_REGULARISATION]
    scores = [classifier.score(held_out, validation["label"]) for classifier in fitted]
    best = scores.index(max(scores))
    predicted = fitted[best].predict(vectorizer.transform(test))
    return BagOfWords(
        unit=unit,
        test_accuracy=accuracy_score(test["label"], predicted),
        test_f1_macro=macro_f1(test["label"], predicted),
        validation_accuracy=scores[best],
        c=INVERSE_REGULARISATION[best],
        features=features.shape[1],
    )


def vectorized(train: pd.DataFrame) -> tuple[Unit, ColumnTransformer, csr_array]:
    """Words where at least half of the training texts share some with others, else characters.

    Returns:
        The unit, what was fitted, and the features of train (rows, features).
    """
    columns = [name for name in ("text", "pair") if name in train and train[name].str.strip().any()]
    try:
        words = vectorizer_of("words", columns)
        features = words.fit_transform(train)
        blocks = [features[:, words.output_indices_[name]] for name in columns]
        if all((block.getnnz(axis=1) > 0).mean() >= WORDS_SUFFICE for block in blocks):
            return "words", words, features
    except ValueError:  # an empty vocabulary
        pass
    characters = vectorizer_of("characters", columns)
    return "characters", characters, characters.fit_transform(train)


def vectorizer_of(unit: Unit, columns: list[str]) -> ColumnTransformer:
    """With features of its own for each column; sparse whatever the density."""
    blocks = [(name, TfidfVectorizer(**VECTORIZERS[unit]), name) for name in columns]
    return ColumnTransformer(blocks, sparse_threshold=1.0)


def fitted_regression(c: float, features: csr_array, labels: pd.Series) -> LogisticRegression:
    with warnings.catch_warnings():
        # The weakest regularisation may end before its last decimals: its score is a baseline's none the less.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=c, max_iter=1000).fit(features, labels)


def macro_f1(labels: pd.Series, predicted: np.ndarray) -> float:
    """The mean over the classes that have rows, zero for one that is never predicted."""
    return float(f1_score(labels, predicted, labels=labels.unique(), average="macro", zero_division=0))


if __name__ == "__main__":
    run_stage(main)
