"""Three and six classes, of texts and of pairs, from tokens to statistics: the real stages on a few dozen rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, brier_score_loss, confusion_matrix, f1_score

from stages import collect, settings, statistics, tokenize
from stages.analysis.runs import read_runs
from stages.analysis.statistics import Statistics
from stages.core.files import sha256
from stages.encoders.base_report import BaseReport
from stages.encoders.token_report import TokenReport
from stages.study.grid import StudySettings
from stages.training.record import Record
from stages.training.run import fine_tune
from tests.helpers.preparation import make_card
from tests.helpers.raw_splits import write_raw
from tests.helpers.tiny_study import write_base, write_params

METHODS = ["full", "lora-ffn", "qlora-ffn", "ia3"]
KINDS = {
    "three classes of pairs": (["entailment", "neutral", "contradiction"], True),
    "six classes of texts": (["joy", "anger", 'so-called "love"', "fear, dread", "überrascht ✓", "sadness"], False),
}
ROWS = {"train": 96, "validation": 6, "test": 13}
TRAIN = {"epochs": 6, "lr_scale": 1000}


def rows_of(count: int, classes: int, in_pairs: bool) -> dict[str, list]:
    """Classes in turn, each with six words of its own."""
    generator = np.random.default_rng(count)
    labels = [row % classes for row in range(count)]
    columns = {}
    for name in ["text", "pair"] if in_pairs else ["text"]:
        drawn = [generator.integers(6 * label, 6 * label + 6, generator.integers(3, 20)) for label in labels]
        columns[name] = [" ".join(f"w{word}" for word in words) for words in drawn]
    return columns | {"label": labels}


@pytest.fixture(scope="module", params=KINDS)
def study(request, tmp_path_factory) -> tuple[Path, list[str], bool]:
    """The folder in which the stages ran, the classes, and whether the texts are pairs."""
    classes, in_pairs = KINDS[request.param]
    folder = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        grid = {"architectures": ["distilbert"], "configurations": METHODS, "probes": [], "seeds": [42, 43]}
        profile = {"profiles.mini.tokenize.max_length": 32}
        profile |= {f"profiles.mini.train.{key}": value for key, value in TRAIN.items()}
        write_params(folder, **grid, **profile)
        settings.main()
        write_base("distilbert")
        for split, count in ROWS.items():
            write_raw(split, rows_of(count, len(classes), in_pairs), classes)
        card, checkpoint = make_card(classes=classes), Path("models/base/distilbert/model.safetensors")
        splits = {split: card.splits[split].model_copy(update={"rows": count}) for split, count in ROWS.items()}
        card.model_copy(update={"splits": splits}).write()
        digest = sha256(checkpoint)
        BaseReport(
            source="local", revision=None, checkpoint_sha256=digest, files={}, parameters=1, vocab_size=1
        ).write_to(BaseReport.path("distilbert"))
        tokenize.main("distilbert")
        for run in StudySettings.read().runs:
            fine_tune(run.architecture, run.configuration, run.seed)
        collect.main()
        statistics.main()
    return folder, classes, in_pairs


@pytest.fixture
def classes(study, monkeypatch) -> list[str]:
    monkeypatch.chdir(study[0])
    return study[1]


def predictions(configuration: str, seed: int) -> pd.DataFrame:
    return pd.read_parquet(f"models/runs/distilbert/{configuration}/{seed}/predictions.parquet")


def test_token_report_has_the_splits_and_longer_rows_where_they_are_pairs(study, classes):
    report = TokenReport.read("distilbert")
    assert {name: split.rows for name, split in report.splits.items()} == ROWS
    assert (report.splits["train"].truncated_share > 0) == study[2]


@pytest.mark.parametrize("configuration", METHODS)
@pytest.mark.parametrize("seed", [42, 43])
def test_scores_are_those_of_scikit_learn(classes, configuration, seed):
    frame, ids = predictions(configuration, seed), list(range(len(classes)))
    label, prediction = frame["label"], frame["prediction"]
    of_class = frame[[f"probability_{number}" for number in ids]].to_numpy()
    f1 = f1_score(label, prediction, labels=ids, average=None, zero_division=0)
    quality = Record.read("distilbert", configuration, seed).quality
    assert quality.confusion == confusion_matrix(label, prediction, labels=ids).tolist()
    assert quality.test_accuracy == accuracy_score(label, prediction)
    assert quality.test_f1_macro == pytest.approx(f1.mean(), abs=1e-12)
    runs = read_runs().set_index(["configuration", "seed"])
    assert runs.loc[(configuration, seed), [f"test_f1_{number}" for number in ids]].tolist() == pytest.approx(list(f1))
    (measured,) = [
        entry for entry in Statistics.read().calibration if (entry.configuration, entry.seed) == (configuration, seed)
    ]
    brier = brier_score_loss(label, of_class, labels=ids, scale_by_half=True)
    assert measured.brier_score == pytest.approx(brier, abs=1e-12)
    assert measured.confusion == quality.confusion


def test_full_fine_tuning_learns_the_classes(classes):
    """Each class has words of its own: what is right is no accident of the way from texts to predictions."""
    scores = [Record.read("distilbert", "full", seed).quality.test_accuracy for seed in (42, 43)]
    assert min(scores) > 2 / len(classes)


def test_statistics_and_plots_have_the_classes(classes):
    found = Statistics.read()
    assert (found.classes, found.examples, len(found.calibration)) == (len(classes), 13, 8)
    confusion = pd.read_csv("metrics/plots/confusion.csv")
    assert len(confusion) == 1000
    assert set(confusion["actual"]) == set(classes)
    assert set(confusion["predicted"]) <= set(classes)
