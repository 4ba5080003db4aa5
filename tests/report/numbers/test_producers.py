from pathlib import Path

import pytest

from stages.report.numbers.producers import Producer, Producers

PIPELINE = """
stages:
  settings: {cmd: python -m settings, outs: [data/settings]}
  train:
    matrix: {architecture: [a, b], configuration: [full, lora-r8], seed: [42]}
    cmd: python -m train ${item.architecture} ${item.configuration} ${item.seed}
    outs:
      - models/${item.architecture}/${item.configuration}/${item.seed}
      - metrics/${item.architecture}/${item.configuration}/${item.seed}.json: {cache: false}
  collect: {cmd: python -m collect, metrics: [{metrics/summary.json: {cache: false}}]}
"""


@pytest.fixture
def pipeline(tmp_path) -> Producers:
    path = Path(tmp_path, "dvc.yaml")
    path.write_text(PIPELINE, encoding="utf-8")
    return Producers(path)


@pytest.mark.parametrize(
    ("path", "stage"),
    [
        ("data/settings/study.json", "settings"),
        ("metrics/summary.json", "collect"),
        ("metrics/a/lora-r8/42.json", "train@a-lora-r8-42"),
        ("models/b/full/42/predictions.parquet", "train@b-full-42"),
    ],
)
def test_producer(pipeline, path, stage):
    assert pipeline.producer(path) == Producer(stage, f"dvc repro {stage}")


def test_what_git_keeps_has_no_producer(pipeline):
    assert pipeline.producer("stages/report/entries/results.py") is None
    assert pipeline.producer("metrics/summary.json.old") is None
