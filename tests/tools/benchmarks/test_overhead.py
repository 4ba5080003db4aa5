import json

import pytest

from stages.core.errors import InputError
from tools.benchmarks import overhead


def test_generated_pipeline_runs_once_and_then_not(in_empty_folder, monkeypatch):
    """The real dvc on three stages; the study's own figures stay unmeasured."""
    monkeypatch.setattr(overhead, "no_op", lambda: None)
    overhead.main(sizes=(3,))
    report = json.loads(overhead.REPORT.read_text())
    (dag,) = report["generated"]
    assert dag["stages"] == 3
    assert dag["first_seconds"] == pytest.approx(dag["no_op_seconds"] + 3 * dag["seconds_a_stage"])
    assert (report["no_op_seconds"], report["study"]) == (None, None)


def test_table_says_what_was_not_measured():
    report = overhead.Overhead(
        no_op_seconds=None,
        generated=[overhead.DagTimes(stages=42, first_seconds=10.0, seconds_a_stage=0.2, no_op_seconds=1.6)],
        study=overhead.Share(wall_seconds=300.0, cpu_seconds=400.0, step_seconds=220.0, share=0.55),
    )
    lines = overhead.table(report).splitlines()
    assert lines[2].split() == ["42", "10.0", "0.200", "1.6"]
    assert lines[3] == "dvc repro of the study with nothing to do: not measured"
    assert lines[4] == "processor time of the whole study in training and evaluation steps: 55 % of 400 s"


def test_failing_dvc_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"^dvc repro: ERROR: you are not inside of a DVC repository"):
        overhead.dvc(tmp_path, "repro")
