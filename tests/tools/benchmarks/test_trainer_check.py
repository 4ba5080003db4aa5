import json
from pathlib import Path

import pytest

from stages import settings, tokenize
from stages.core.errors import InputError
from stages.study.grid import StudySettings
from stages.training.settings import Run
from tests.helpers.raw_splits import BINARY, write_raw
from tests.helpers.records import make_record
from tests.helpers.tiny_study import write_base, write_params
from tools.benchmarks import trainer_check
from tools.benchmarks.runs.plain_trainer import Answer
from tools.benchmarks.trainer_check import Accuracies, FirstSteps, TrainerCheck, first_losses, is_within, scatter, table

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def write_study(**tokenization: object) -> None:
    """Texts, tokens and a sixteen-wide encoder; twenty steps and some more in the first epoch."""
    changes = {
        "profiles.mini.train.threads": 1,
        "profiles.mini.train.batch_size": 2,
        "profiles.mini.train.lr_scale": 100,
    }
    changes |= {f"profiles.mini.tokenize.{key}": value for key, value in ({"max_length": 32} | tokenization).items()}
    write_params(Path(), architectures=["distilbert"], **changes)
    settings.main()
    write_base("distilbert")
    for split, rows in (("train", 48), ("validation", 8), ("test", 8)):
        labels = [row % 2 for row in range(rows)]
        texts = [
            " ".join(f"w{(7 * row + word) % 20 + 20 * (row % 2)}" for word in range(4 + row % 9)) for row in range(rows)
        ]
        write_raw(split, {"text": texts, "label": labels}, BINARY)
    tokenize.main("distilbert")


@pytest.mark.slow
@pytest.mark.parametrize("configuration", ["full", "lora-ffn"])
def test_losses_of_the_first_steps_are_those_of_trainer(configuration):
    write_study()
    row = first_losses("distilbert", configuration, 42)
    assert len(row.ours) == len(row.by_trainer) == 20
    assert row.largest_difference <= 1e-6
    assert row.ours[-1] != row.ours[0]


@pytest.mark.slow
def test_both_cut_a_long_text_at_the_same_side():
    write_study(max_length=8, truncation_side="left")
    assert first_losses("distilbert", "full", 42).largest_difference <= 1e-6


@pytest.mark.slow
def test_what_the_other_script_fails_with_is_one_line():
    write_study()
    Path("models/base/distilbert/config.json").write_text("{", encoding="utf-8")
    request = trainer_check.Request(architecture="distilbert", configuration="full", seed=42, steps=1)
    with pytest.raises(InputError) as caught:
        trainer_check.ask(request)
    assert str(caught.value).startswith("plain_trainer.py: ")
    assert "\n" not in str(caught.value)


def test_accuracies_are_set_beside_the_records(monkeypatch):
    write_params(Path(), architectures=["distilbert"])
    settings.main()
    monkeypatch.setattr(trainer_check, "ask", lambda request: Answer(losses=[], test_accuracy=request.seed / 100))
    ours = []
    for seed in (42, 43):
        run = Run(architecture="distilbert", configuration="full", seed=seed, role="train")
        record = make_record(run, [[40, 10], [5, 45]])
        record.write_to(run.record_path)
        ours.append(record.quality.test_accuracy)
    row = trainer_check.accuracies_of("distilbert", "full", StudySettings.read().seeds)
    assert row == Accuracies(configuration="full", ours=ours, by_trainer=[0.42, 0.43])


def test_the_scatter_is_of_all_groups_as_one():
    """Two seeds each, every pair 0.02 apart: sd 0.014142, standard error of a difference the same, t(4) 2.776."""
    rows = [Accuracies(configuration=name, ours=[0.80, 0.82], by_trainer=[0.84, 0.86]) for name in ("full", "lora-ffn")]
    bound = scatter(rows)
    assert bound == pytest.approx(2.776445 * 0.0141421, rel=1e-5)
    assert not is_within(rows[0], bound)  # 0.04 apart
    assert is_within(rows[0].model_copy(update={"by_trainer": [0.83, 0.85]}), bound)
    assert scatter([]) is None
    one_seed = Accuracies(configuration="full", ours=[0.8], by_trainer=[0.9])
    assert scatter([one_seed]) is None
    assert is_within(one_seed, None)


def report(ours: list[float], accuracies: list[Accuracies]) -> TrainerCheck:
    first = FirstSteps(configuration="full", seed=42, ours=ours, by_trainer=[0.7, 0.6])
    common = {"study": "laptop", "architecture": "minilm", "processor": "A CPU", "packages": {}}
    return TrainerCheck(**common, first_steps=[first], accuracies=accuracies, scatter=scatter(accuracies))


@pytest.mark.parametrize(
    ("ours", "by_trainer", "line"),
    [
        ([0.7, 0.6001], [0.80, 0.82], None),
        ([0.7, 0.6002], [0.80, 0.82], "losses differ by more than 0.0001: full"),
        ([0.7, 0.6], [0.90, 0.92], "accuracies differ by more than the seeds': full"),
    ],
)
def test_what_may_not_differ_ends_it_and_is_written_all_the_same(ours, by_trainer, line, monkeypatch):
    accuracies = [Accuracies(configuration="full", ours=[0.80, 0.82], by_trainer=by_trainer)]
    monkeypatch.setattr(trainer_check, "built_folder", lambda name: Path())
    monkeypatch.setattr(trainer_check, "compared", lambda *arguments: report(ours, accuracies))
    if line is None:
        trainer_check.main("laptop", "minilm", True)
    else:
        with pytest.raises(InputError) as caught:
            trainer_check.main("laptop", "minilm", True)
        assert str(caught.value) == line
    written = json.loads(Path("metrics/bench/trainer_check.json").read_text(encoding="utf-8"))
    assert written["first_steps"][0]["ours"] == ours


def test_the_table_of_both_parts():
    accuracies = [Accuracies(configuration="full", ours=[0.80, 0.82], by_trainer=[0.83, 0.83])]
    lines = table(report([0.7, 0.60001], accuracies), "plain").splitlines()
    assert lines[0] == "laptop, minilm, A CPU"
    assert lines[3].split() == ["full", "0.700000", "0.700000", "0.600010", "0.600000", "1e-05"]
    assert lines[6].split("  ")[0] == "full"
    assert "80.00, 82.00" in lines[6]
    assert lines[6].endswith("-2.00")
    assert lines[8] == "seeds allow 4.30"
    assert len(table(report([0.7, 0.6], []), "plain").splitlines()) == 4
