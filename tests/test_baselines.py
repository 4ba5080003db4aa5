import pandas as pd
import pytest

from stages import baselines
from stages.analysis.baselines import Baselines
from stages.core.errors import InputError
from tests.helpers.preparation import make_card

WORDS = {0: "dull slow awful", 1: "bright warm superb"}


@pytest.fixture(autouse=True)
def _in_folder(in_empty_folder):
    baselines.RAW.mkdir(parents=True)
    make_card().write_to(baselines.RAW / "card.json")


def write_split(name: str, labels: list[int], wrong: int = 0) -> None:
    """Texts that tell their label, but for the first ``wrong`` of them, which tell the other."""
    texts = [f"a {WORDS[1 - y if row < wrong else y]} film number{row}" for row, y in enumerate(labels)]
    pd.DataFrame({"text": texts, "label": labels}).to_parquet(baselines.RAW / f"{name}.parquet")


def test_scores_on_the_test_split():
    write_split("train", [0, 1, 1] * 10)
    write_split("validation", [0, 1] * 5)
    write_split("test", [0, 1, 1, 1, 0] * 4, wrong=3)
    baselines.main()
    found = Baselines.read()
    assert (found.majority.label, found.majority.test_accuracy) == (1, 0.6)
    assert found.tfidf_logistic_regression.test_accuracy == 17 / 20
    assert found.tfidf_logistic_regression.validation_accuracy == 1.0
    assert found.ceiling_accuracy == 0.95


def test_regularisation_is_chosen_without_the_test_split():
    write_split("train", [0, 1] * 10)
    write_split("validation", [0, 1] * 5)
    write_split("test", [0, 1] * 10)
    baselines.main()
    first = Baselines.read().tfidf_logistic_regression.c
    write_split("test", [0, 1] * 10, wrong=20)
    baselines.main()
    assert Baselines.read().tfidf_logistic_regression.c == first == 0.1
    assert Baselines.read().tfidf_logistic_regression.test_accuracy == 0.0


def test_missing_split_is_named():
    with pytest.raises(InputError, match=r"data/raw/train\.parquet: not found; run `dvc repro prepare` first"):
        baselines.main()


def test_invalid_file_is_named():
    with pytest.raises(InputError, match=r"metrics/baselines\.json: not found; run `dvc repro baselines` first"):
        Baselines.read()
    Baselines.path().parent.mkdir()
    Baselines.path().write_text("{}")
    with pytest.raises(
        InputError, match=r"metrics/baselines\.json: \S+: Field required \(and 2 more\); run `dvc repro -f baselines`"
    ):
        Baselines.read()
