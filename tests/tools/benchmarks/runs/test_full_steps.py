import pytest

from tests.helpers.tiny_study import write_study
from tools.benchmarks.common.results import FullSteps
from tools.benchmarks.runs import full_steps


def test_full_steps_are_of_the_widest_batch_and_of_the_peak_between_them(in_empty_folder, monkeypatch):
    write_study("distilbert", architectures=["distilbert"], configurations=["ia3"], probes=[], seeds=[42])
    peaks = iter([1e9, 2e9, 3e9, 9e9])
    asked = []

    def peak(device: str, dtype: str, threads: int) -> float:
        asked.append((device, dtype, threads))
        return next(peaks)

    monkeypatch.setattr(full_steps, "matmul_peak", peak)
    monkeypatch.setattr(full_steps, "example_flops", lambda settings, checkpoint, length: 1e6 * length)
    printed = []
    monkeypatch.setattr("builtins.print", printed.append)
    full_steps.main("distilbert", "ia3", 42)
    found = FullSteps.model_validate_json(printed[-1])
    assert asked == [("cpu", "fp32", 1)] * 4
    assert (found.rows, found.tokens, found.peak_flops_per_second) == (16, 21, 2.5e9)
    assert found.share_of_peak == pytest.approx(16 * 1e6 * 21 / found.seconds / 2.5e9)
