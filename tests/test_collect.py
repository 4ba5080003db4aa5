import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages import collect, settings
from stages.analysis.runs import read_runs, summarise
from stages.core.errors import InputError
from stages.data.card import Card
from stages.study.grid import StudySettings
from stages.training.record import Record
from tests.helpers.preparation import make_card
from tests.helpers.records import with_confusion
from tests.helpers.results import write_results
from tests.helpers.tiny_study import write_params

SMALL = {"architectures": ["distilbert"], "configurations": ["full", "lora-ffn"], "probes": []}


pytestmark = pytest.mark.usefixtures("in_empty_folder")


def collected(**changes) -> pd.DataFrame:
    write_results(**changes)
    collect.main()
    return read_runs()


def test_full_grid_is_one_row_a_run_in_grid_order():
    runs = collected()
    names = ["architecture", "configuration", "seed", "role"]
    assert runs[names].to_dict("records") == [run.model_dump() for run in StudySettings.read().runs]
    assert runs["role"].value_counts().to_dict() == {"train": 42, "probe": 18}
    assert all(name.replace("_", "").isalnum() and name == name.lower() for name in runs.columns)
    assert set(runs["exp_id"]) == {"01", "02", "03", "04", "05", "06", "07"}


def test_values_survive_the_file():
    runs = collected(**SMALL)
    record = json.loads(Path("metrics/runs/distilbert/lora-ffn/43.json").read_text(encoding="utf-8"))
    row = runs[(runs["configuration"] == "lora-ffn") & (runs["seed"] == 43)].iloc[0]
    assert row["test_accuracy"] == record["quality"]["test_accuracy"]
    assert row["train_seconds"] == record["cost"]["train_seconds"]
    assert row["target_modules"] == "q_lin v_lin lin1 lin2"
    assert row["learning_rate"] == pytest.approx(1.5e-3)
    assert row["precision"] == "fp32"
    assert row["trainable_parameters"] == record["parameters"]["trainable"]


def test_missing_record_is_named():
    write_results(**SMALL)
    Path("metrics/runs/distilbert/lora-ffn/43.json").unlink()
    with pytest.raises(InputError) as error:
        collect.main()
    assert str(error.value) == (
        "metrics/runs/distilbert/lora-ffn/43.json: no record of this run; "
        "`dvc repro train@distilbert-lora-ffn-43` makes it"
    )


def test_records_of_another_grid_are_never_read():
    write_results()
    Path("metrics/runs/roberta/full/42.json").write_text("not a record", encoding="utf-8")
    runs = collected(**SMALL, seeds=[42])
    assert len(runs) == 2
    summary = json.loads(Path("metrics/summary.json").read_text(encoding="utf-8"))
    assert {name: list(cells) for name, cells in summary.items()} == {"distilbert": ["full", "lora-ffn"]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lr": 3e-5}, "learning_rate: 0.0015; the grid says 0.0045; `dvc repro -f train@distilbert-full-42`"),
        ({"protocol": "as-published"}, "protocol: 'corrected'; the grid says 'as-published'"),
    ],
)
def test_stale_record_is_refused(changes, message):
    write_results(**SMALL)
    write_params(Path(), **{"profiles.mini.train.lr_scale": 150}, **SMALL, **changes)
    settings.main()
    with pytest.raises(InputError) as error:
        collect.main()
    assert str(error.value).startswith("metrics/runs/distilbert/full/42.json: ")
    assert message in str(error.value)


def test_summary_has_means_and_sample_deviations():
    runs = collected(**SMALL)
    summary = json.loads(Path("metrics/summary.json").read_text(encoding="utf-8"))
    scores = runs.loc[runs["configuration"] == "full", "test_accuracy"]
    cell = summary["distilbert"]["full"]
    assert cell["test_accuracy_mean"] == pytest.approx(scores.mean())
    assert cell["test_accuracy_sd"] == pytest.approx(abs(scores.iloc[0] - scores.iloc[1]) / 2**0.5)
    assert list(cell) == list(collect.METRICS)


def test_one_seed_has_no_deviation():
    collected(**SMALL, seeds=[42])
    summary = json.loads(Path("metrics/summary.json").read_text(encoding="utf-8"))
    assert summary["distilbert"]["full"]["test_accuracy_sd"] is None


def test_plot_data():
    runs = collected(**SMALL)
    curves = pd.read_csv("metrics/plots/learning_curves.csv")
    assert len(curves) == 2 * len(runs)
    assert list(curves.columns) == [
        "architecture",
        "configuration",
        "seed",
        "epoch",
        "train_loss",
        "selection_loss",
        "selection_accuracy",
    ]
    pareto = pd.read_csv("metrics/plots/pareto.csv")
    assert pareto["test_accuracy_percent"].tolist() == pytest.approx(100 * summarise(runs)["test_accuracy_mean"])


def test_confusion_is_per_mille_of_the_pooled_predictions():
    collected(**SMALL)
    counts = pd.read_csv("metrics/plots/confusion.csv").value_counts()
    pooled = sum(np.array(Record.read_from(run.record_path).quality.confusion) for run in StudySettings.read().runs)
    exact = 1000 * pooled / pooled.sum()
    assert counts.sum() == 1000
    for (actual, predicted), count in counts.items():
        place = ["negative", "positive"].index(actual), ["negative", "positive"].index(predicted)
        assert abs(count - exact[place]) < 1


def test_every_class_has_its_scores_and_its_name():
    """Three classes, one of which no run predicts and one of which has a name that CSV has to quote."""
    write_results(**SMALL)
    write_three_classes([[6, 2, 0], [0, 2, 0], [1, 1, 0]])
    collect.main()
    runs = read_runs()
    assert runs["test_f1_macro"].notna().all()
    assert runs["test_f1_0"].tolist() == [pytest.approx(12 / 15)] * 4
    assert runs["test_f1_1"].tolist() == [pytest.approx(4 / 7)] * 4
    assert runs["test_f1_2"].tolist() == [0] * 4
    assert not [name for name in runs if name.startswith(("true_", "false_"))]
    assert summarise(runs)[["test_f1_0_mean", "test_f1_2_mean"]].to_numpy().tolist() == [[pytest.approx(0.8), 0]] * 2
    confusion = pd.read_csv("metrics/plots/confusion.csv")
    assert confusion.value_counts().to_dict() == {
        ("spam", "spam"): 500,
        ("spam", 'so "called", ham'): 167,
        ('so "called", ham', 'so "called", ham'): 167,
        ("naïve ✓", "spam"): 83,
        ("naïve ✓", 'so "called", ham'): 83,
    }


def test_a_record_of_data_with_other_classes_is_refused():
    write_results(**SMALL)
    classes = ["spam", 'so "called", ham', "naïve ✓"]
    make_card(classes=classes).write_to(Card.path())
    with pytest.raises(InputError) as error:
        collect.main()
    assert str(error.value) == (
        "metrics/runs/distilbert/full/42.json: confusion: 2 classes; the data has 3; "
        "`dvc repro -f train@distilbert-full-42`"
    )


FULL, FULL_AGAIN = "metrics/runs/distilbert/full/42.json", "`dvc repro -f train@distilbert-full-42`"


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("quality.test_accuracy", 0.9115, "quality.test_accuracy: 0.9115; the rest of the record says 0.9015: damaged"),
        ("quality.test_f1_macro", 0.5, "quality.test_f1_macro: 0.5; the rest of the record says 0.901499"),
        ("quality.validation_accuracy", 0.5, "quality.validation_accuracy: 0.5; the rest of the record says 0.9035"),
        ("quality.selected_epoch", 1, "quality.validation_accuracy: 0.9035; the rest of the record says 0.8835"),
        ("quality.confusion", [[900, 100], [98, 902]], "quality.test_accuracy: 0.9015; the rest of the record says"),
        ("environment.checkpoint_sha256", "e" * 64, "environment.checkpoint_sha256: not that of metrics/base/distil"),
        ("environment.dataset_sha256", {"train": "0"}, "environment.dataset_sha256: not that of metrics/tokenized/di"),
        ("predictions_sha256", None, f"predictions_sha256: missing: a record of an older version; {FULL_AGAIN}"),
        ("run.settings.train.epochs", 3, f"run.settings.train.epochs: 3; the settings say 2; {FULL_AGAIN}"),
        ("run.settings.max_length", 97, f"run.settings.max_length: 97; the settings say 96; {FULL_AGAIN}"),
    ],
)
def test_a_record_that_contradicts_itself_or_what_it_was_made_of_is_refused(place, value, message):
    """As one bit on a disk can make it, which leaves the file's time and size."""
    write_results(**SMALL)
    change(Path(FULL), place, value)
    with pytest.raises(InputError) as error:
        collect.main()
    assert str(error.value).startswith(f"{FULL}: {message}")
    assert FULL_AGAIN in str(error.value)


@pytest.mark.parametrize(
    ("file", "place", "value", "message"),
    [
        ("metrics/base/distilbert.json", "checkpoint_sha256", "0" * 64, f"{FULL}: environment.checkpoint_sha256: not"),
        ("metrics/tokenized/distilbert.json", "sha256", None, f"{FULL}: environment.dataset_sha256: not that of"),
        (
            "metrics/tokenized/distilbert.json",
            "splits.train.rows",
            1501,
            "metrics/tokenized/distilbert.json: splits.train.rows: 1501; data/raw/card.json says 1500; "
            "`dvc repro -f tokenize@distilbert`",
        ),
    ],
)
def test_reports_that_do_not_fit_the_records_are_refused(file, place, value, message):
    write_results(**SMALL)
    change(Path(file), place, value)
    with pytest.raises(InputError) as error:
        collect.main()
    assert str(error.value).startswith(message)


def change(path: Path, place: str, value: object) -> None:
    whole = json.loads(path.read_text(encoding="utf-8"))
    *parents, last = place.split(".")
    section = whole
    for parent in parents:
        section = section[parent]
    section[last] = value
    path.write_text(json.dumps(whole), encoding="utf-8")


def write_three_classes(confusion: list[list[int]]) -> None:
    """The same confusion in every record, and a card of as many classes."""
    make_card(classes=["spam", 'so "called", ham', "naïve ✓"]).write_to(Card.path())
    for run in StudySettings.read().runs:
        record = Record.read_from(run.record_path)
        with_confusion(record, confusion).write_to(run.record_path)
