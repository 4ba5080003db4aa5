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


@pytest.mark.slow
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
def test_each_idea_that_a_cpu_can_try_works():
    done = ask("--tiny", "--parts", "pays")
    assert done.returncode == 0, done.stderr
    said = dict(re.findall(r"^pays, \d+ s: (\w+ [\w-]+: step: .*?): (\S+)", done.stdout, re.MULTILINE))
    failed = [what for what, value in said.items() if value == "failed:"]
    assert failed == [f"{a} lora-ffn: step: frozen weights in bf16" for a in ("deberta", "roberta")]  # needs autocast
    assert len(said) == 28
