"""baselines: data/raw/ -> metrics/baselines.json, the scores of two classifiers without an encoder.

The bag of words is fitted on the training split and its regularisation chosen on the validation split, as the
fine-tuned encoders choose their epoch; the test split is scored once.
"""

from pathlib import Path

import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from stages.analysis.baselines import BagOfWords, Baselines, Majority
from stages.core.errors import InputError, run_stage
from stages.data.card import Card

RAW = Path("data/raw")
INVERSE_REGULARISATION = (0.1, 1.0, 10.0, 100.0)


def main() -> None:
    """Fit both baselines and write their scores."""
    train, validation, test = (read_split(name) for name in ("train", "validation", "test"))
    baselines = Baselines(
        majority=majority(train, test),
        tfidf_logistic_regression=bag_of_words(train, validation, test),
        ceiling_accuracy=Card.read().ceiling_accuracy,
    )
    baselines.write()
    print(
        f"majority {baselines.majority.test_accuracy:.4f}, "
        f"TF-IDF and logistic regression {baselines.tfidf_logistic_regression.test_accuracy:.4f}"
    )


def read_split(name: str) -> pd.DataFrame:
    """Columns ``text`` and ``label``.

    Raises:
        InputError: the split is missing.
    """
    path = RAW / f"{name}.parquet"
    if not path.exists():
        raise InputError(f"{path}: not found; run `dvc repro prepare` first")
    return pd.read_parquet(path)


def majority(train: pd.DataFrame, test: pd.DataFrame) -> Majority:
    """Score the more frequent class; the lower label of two equally frequent ones."""
    classifier = DummyClassifier(strategy="most_frequent").fit(train[["text"]], train["label"])
    accuracy = classifier.score(test[["text"]], test["label"])
    predicted = classifier.predict(test[["text"]])
    f1 = float(f1_score(test["label"], predicted, average="macro"))
    return Majority(label=int(predicted[0]), test_accuracy=accuracy, test_f1_macro=f1)


def bag_of_words(train: pd.DataFrame, validation: pd.DataFrame, test: pd.DataFrame) -> BagOfWords:
    """Score logistic regression on words and pairs of words; of equally good regularisations, the stronger."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    features = vectorizer.fit_transform(train["text"])
    held_out = vectorizer.transform(validation["text"])
    fitted = [LogisticRegression(C=c, max_iter=1000).fit(features, train["label"]) for c in INVERSE_REGULARISATION]
    scores = [classifier.score(held_out, validation["label"]) for classifier in fitted]
    best = scores.index(max(scores))
    predicted = fitted[best].predict(vectorizer.transform(test["text"]))
    return BagOfWords(
        test_accuracy=float((predicted == test["label"]).mean()),
        test_f1_macro=float(f1_score(test["label"], predicted, average="macro")),
        validation_accuracy=scores[best],
        c=INVERSE_REGULARISATION[best],
        features=features.shape[1],
        unit="words",
    )


if __name__ == "__main__":
    run_stage(main)
