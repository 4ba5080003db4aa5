from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix

from stages import collect, statistics
from stages.analysis.statistics import Statistics
from stages.core.errors import InputError
from stages.data.card import Card
from stages.study.grid import StudySettings
from tests.helpers.preparation import make_card
from tests.helpers.records import TEST_ROWS, accuracy, as_predicted
from tests.helpers.results import write_results

SMALL = {"architectures": ["distilbert"], "configurations": ["full", "lora-ffn"], "probes": []}
LABELS = np.arange(TEST_ROWS) % 2


pytestmark = pytest.mark.usefixtures("in_empty_folder")


def write_predictions(study: StudySettings) -> None:
    """As many right answers as the records say; easy examples are easy for every run."""
    ease = np.random.default_rng(0).standard_normal(TEST_ROWS)
    for index, run in enumerate(study.runs):
        order = np.argsort(-ease + 0.3 * np.random.default_rng(index + 1).standard_normal(TEST_ROWS))
        right = np.zeros(TEST_ROWS, dtype=bool)
        right[order[: round(accuracy(run) * TEST_ROWS)]] = True
        prediction = np.where(right, LABELS, 1 - LABELS)
        positive = np.where(prediction == 1, 0.8, 0.2)
        columns = {"probability_0": 1 - positive, "probability_1": positive}
        as_predicted(run, pd.DataFrame({"label": LABELS, "prediction": prediction, **columns}))


def results(**changes) -> tuple[StudySettings, Statistics]:
    study = write_results(**changes)
    write_predictions(study)
    collect.main()
    statistics.main()
    return study, Statistics.read()


def path_of(configuration: str, seed: int) -> Path:
    return Path("models/runs/distilbert", configuration, str(seed), "predictions.parquet")


def test_full_grid(capsys):
    study, found = results()
    assert found.classes == 2
    assert (found.examples, found.seeds, len(found.accuracy), len(found.calibration)) == (TEST_ROWS, [42, 43], 30, 60)
    assert len(found.comparisons) == 3 * (21 + 3)
    assert [(c.first, c.second) for c in found.comparisons if c.learning_rate_only][:4] == [
        ("qlora-ffn", "qlora-ffn-probe"),
        ("full", "full-probe"),
        ("lora-ffn", "lora-ffn-probe"),
        ("ia3", "ia3-probe"),
    ]
    assert len(found.frontiers) == 3 * 21
    assert all(c.p <= c.p_holm and (c.verdict == "distinguishable") == (c.p_holm <= 0.05) for c in found.comparisons)
    for entry in found.accuracy:
        scores = [accuracy(run) for run in study.runs if _cell(run) == _cell(entry)]
        assert entry.mean == pytest.approx(np.mean(scores))
        assert entry.sd == pytest.approx(np.std(scores, ddof=1))
        assert entry.interval.low < entry.mean < entry.interval.high
        assert entry.interval.over == "examples and seeds"
    clear = sum(c.verdict == "distinguishable" for c in found.comparisons)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"{clear} of 72 pairs distinguishable at 0.05 after Holm's correction: metrics/statistics.json"


def _cell(item) -> tuple[str, str]:
    return item.architecture, item.configuration


def test_same_input_same_bytes():
    results(**SMALL)
    first = Statistics.path().read_bytes()
    statistics.main()
    assert Statistics.path().read_bytes() == first


def test_one_seed_is_over_examples_and_says_so():
    _, found = results(**SMALL, seeds=[42])
    assert [(entry.sd, entry.interval.over) for entry in found.accuracy] == [(None, "examples")] * 2
    assert found.comparisons[0].interval.over == "examples"
    assert (found.limits.smallest_permutation_p, found.limits.t_interval_factor) == (1.0, None)


def test_identical_configurations_under_two_names_are_not_distinguishable():
    study = write_results(**SMALL)
    write_predictions(study)
    for run in study.runs:
        as_predicted(run, pd.read_parquet(path_of("full", run.seed)))
    collect.main()
    statistics.main()
    (pair,) = Statistics.read().comparisons
    assert (pair.difference, pair.p, pair.p_holm, pair.verdict) == (0.0, 1.0, 1.0, "not distinguishable")
    assert (pair.favouring_first, pair.favouring_second) == (0, 0)


def test_a_clear_difference_is_distinguishable():
    _, found = results(**SMALL)
    (pair,) = found.comparisons
    assert pair.verdict == "distinguishable"
    assert pair.interval.high < 0


def test_frontier_of_a_dominated_cell():
    _, found = results(**SMALL)
    cheap = {f.configuration: f.probability for f in found.frontiers if f.cost == "peak_memory"}
    assert cheap["full"] == 1.0
    assert cheap["lora-ffn"] < 0.2  # less accurate in every resample, and it takes a little more memory


def test_one_configuration_has_no_pairs():
    _, found = results(**SMALL | {"configurations": ["full"]})
    assert found.comparisons == []


def test_missing_predictions_are_named():
    study = write_results(**SMALL)
    write_predictions(study)
    collect.main()
    path_of("lora-ffn", 43).unlink()
    with pytest.raises(InputError) as error:
        statistics.main()
    assert str(error.value) == (
        "models/runs/distilbert/lora-ffn/43/predictions.parquet: no predictions of this run; "
        "`dvc repro train@distilbert-lora-ffn-43` makes them"
    )


def test_other_labels_are_refused():
    study = write_results(**SMALL)
    write_predictions(study)
    collect.main()
    frame = pd.read_parquet(path_of("full", 43))
    frame.assign(label=1 - frame["label"]).to_parquet(path_of("full", 43))
    with pytest.raises(InputError) as error:
        statistics.main()
    assert str(error.value) == (
        "models/runs/distilbert/full/43/predictions.parquet: labels are not those of "
        "models/runs/distilbert/full/42/predictions.parquet: another test split; "
        "`dvc repro -f train@distilbert-full-43`"
    )


def test_other_classes_are_refused():
    study = write_results(**SMALL)
    write_predictions(study)
    collect.main()
    pd.read_parquet(path_of("full", 43)).assign(probability_2=0.0).to_parquet(path_of("full", 43))
    with pytest.raises(InputError) as error:
        statistics.main()
    assert str(error.value) == (
        "models/runs/distilbert/full/43/predictions.parquet: 3 classes, "
        "models/runs/distilbert/full/42/predictions.parquet has 2: other data; `dvc repro -f train@distilbert-full-43`"
    )


@pytest.mark.parametrize("seeds", [[42], [42, 43]])
@pytest.mark.parametrize("rows", [2, 200])
@pytest.mark.parametrize("named", ["the first class", "the right class", "a wrong class"])
def test_degenerate_classifiers_have_statistics(named, rows, seeds):
    """Of four classes, all runs alike: nothing divides by zero, and what cannot differ is not distinguishable."""
    study = write_results(**SMALL, seeds=seeds)
    labels = np.minimum(np.arange(rows) % 5, 3)  # two in five are of the last
    prediction = {"the first class": 0 * labels, "the right class": labels, "a wrong class": (labels + 1) % 4}[named]
    columns = {f"probability_{label}": (prediction == label).astype(float) for label in range(4)}
    for run in study.runs:
        as_predicted(run, pd.DataFrame({"label": labels, "prediction": prediction, **columns}))
    make_card(classes=list("abcd"), shares=(0.25,) * 4).write_to(Card.path())
    collect.main()
    statistics.main()
    found = Statistics.read()
    share = float((prediction == labels).mean())
    assert [entry.mean for entry in found.accuracy] == [pytest.approx(share)] * 2
    assert all(entry.interval.low <= share <= entry.interval.high for entry in found.accuracy)
    assert [(pair.difference, pair.p_holm, pair.verdict) for pair in found.comparisons] == [
        (0, 1, "not distinguishable")
    ]
    assert found.classes == 4
    for run in found.calibration:
        assert run.expected_calibration_error == run.brier_score == pytest.approx(1 - share)
        assert run.confusion == confusion_matrix(labels, prediction, labels=range(4)).tolist()


def test_damaged_predictions_are_refused():
    """One bit, its file's time and size kept: of a page, which has a checksum, and of what the checksums leave out."""
    write_predictions(write_results(**SMALL))
    collect.main()
    whole = path_of("full", 42).read_bytes()
    again = "`make paper` mends it, `dvc repro -f train@distilbert-full-42` makes it anew"
    for place in range(0, len(whole), len(whole) // 60):
        text = bytearray(whole)
        text[place] ^= 1
        path_of("full", 42).write_bytes(text)
        with pytest.raises(InputError, match=r"full/42/predictions\.parquet: (damaged: |no column)"):
            statistics.main()
    path_of("full", 42).write_bytes(whole)
    path_of("lora-ffn", 42).write_bytes(path_of("lora-ffn", 43).read_bytes())
    with pytest.raises(InputError) as error:
        statistics.main()
    assert str(error.value) == (
        "models/runs/distilbert/lora-ffn/42/predictions.parquet: damaged: another hash than "
        f"metrics/runs/distilbert/lora-ffn/42.json gives; {again.replace('full', 'lora-ffn')}"
    )


@pytest.mark.parametrize("column", ["test_accuracy", "test_f1_macro", "test_loss"])
def test_a_table_that_does_not_fit_the_predictions_is_refused(column):
    write_predictions(write_results(**SMALL))
    collect.main()
    runs = pd.read_csv("metrics/runs.csv", dtype={"exp_id": str})
    runs.loc[0, column] += 0.01
    runs.to_csv("metrics/runs.csv", index=False)
    with pytest.raises(InputError, match=rf"metrics/runs\.csv: {column}: .* says .*: one is damaged; `make paper`"):
        statistics.main()


def test_missing_column_is_named():
    study = write_results(**SMALL)
    write_predictions(study)
    collect.main()
    pd.read_parquet(path_of("full", 42)).drop(columns="prediction").to_parquet(path_of("full", 42))
    with pytest.raises(InputError, match="no column prediction; `dvc repro -f train@distilbert-full-42`"):
        statistics.main()
