"""What a record of a run may say of its costs: a clock that was set, or a flipped byte, says other things."""

import json
from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.training.record import Record
from tests.helpers.results import write_results

SECONDS = ["startup_seconds", "train_seconds", "evaluation_seconds", "saving_seconds", "step_seconds_median"]
PROCESSOR_SECONDS = [
    "train_processor_seconds",
    "evaluation_processor_seconds",
    "step_processor_seconds_median",
    "step_processor_seconds_p95",
]


def with_value(section: str, key: str, value: object) -> str:
    write_results(architectures=["distilbert"], configurations=["full"], probes=[], seeds=[42])
    path = Path("metrics/runs/distilbert/full/42.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    record[section][key] = value
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Record.read("distilbert", "full", 42)
    return str(caught.value)


@pytest.mark.parametrize("key", [*SECONDS, *PROCESSOR_SECONDS])
@pytest.mark.parametrize("value", [-0.5, 1.7e9, float("nan"), float("inf")])
def test_times_without_bounds_are_refused(in_empty_folder, key, value):
    assert with_value("cost", key, value).startswith(
        f"metrics/runs/distilbert/full/42.json: cost.{key}: Input should be "
    )


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("cost", "steps", -1),
        ("cost", "tokens_per_second", -1.0),
        ("cost", "peak_memory_host_bytes", 2**61),
        ("cost", "checkpoint_bytes", -1),
        ("parameters", "trainable", -5),
        ("parameters", "total", 10**16),
        ("quality", "test_loss", float("nan")),
    ],
)
def test_counts_and_sizes_without_bounds_are_refused(in_empty_folder, section, key, value):
    assert f": {section}.{key}: Input should be " in with_value(section, key, value)


def test_a_record_of_before_processor_time_was_measured_is_read(in_empty_folder):
    write_results(architectures=["distilbert"], configurations=["full"], probes=[], seeds=[42])
    path = Path("metrics/runs/distilbert/full/42.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    for key in PROCESSOR_SECONDS:
        assert record["cost"].pop(key) > 0
    path.write_text(json.dumps(record), encoding="utf-8")
    cost = Record.read("distilbert", "full", 42).cost
    assert [getattr(cost, key) for key in PROCESSOR_SECONDS] == [None] * 4


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 5000 + b"]" * 5000])
def test_a_record_that_is_no_json_is_named_with_what_makes_it(in_empty_folder, content):
    Path("metrics/runs/distilbert/full").mkdir(parents=True)
    path = Path("metrics/runs/distilbert/full/42.json")
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"^{path}: Invalid JSON: [^\n]+; run `dvc repro -f train`$"):
        Record.read("distilbert", "full", 42)


def test_a_folder_in_place_of_a_record_is_named(in_empty_folder):
    Path("metrics/runs/distilbert/full/42.json").mkdir(parents=True)
    with pytest.raises(
        InputError, match=r"^metrics/runs/distilbert/full/42\.json: Is a directory; run `dvc repro -f train`$"
    ):
        Record.read("distilbert", "full", 42)
