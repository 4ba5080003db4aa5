"""The command itself, at the sizes of miniatures: in a process of its own, for it forks once all is imported."""

import os
import re
import subprocess
import sys

import pytest

from tests.helpers.tiny_study import ROOT


def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.benchmarks.gpu", *arguments],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
    )


def test_whole_runs_go_side_by_side_and_each_is_reported():
    done = ask("--tiny", "--parts", "whole")
    assert done.returncode == 0, done.stderr
    said = re.findall(r"^whole, \d+ s: (\w+ [\w-]+): training, 4 steps: [\d.]+ s$", done.stdout, re.MULTILINE)
    assert sorted(said) == ["deberta full", "distilbert qlora-ffn", "roberta lora-ffn"]
    same = re.findall(r"^whole, \d+ s: (\w+) [\w-]+: saved, loaded and compared: the same$", done.stdout, re.MULTILINE)
    assert sorted(same) == ["deberta", "distilbert", "roberta"]


def test_without_a_gpu_one_line_says_so_before_anything_is_measured():
    done = ask("--parts", "whole")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == (
        "error: python -m tools.benchmarks.gpu: torch sees no CUDA device; --tiny needs none"
    )


@pytest.mark.slow
def test_every_part_works_at_the_sizes_of_miniatures():
    done = ask("--tiny", "--parts", "runs", "time", "pays", "published")
    assert done.returncode == 0, done.stderr
    assert "failed" not in done.stdout.replace("frozen weights in bf16: failed", "")  # which needs bf16's autocast
    for part in ("runs", "time", "pays", "published"):
        assert f"{part}: cpu, tiny sizes" in done.stdout
