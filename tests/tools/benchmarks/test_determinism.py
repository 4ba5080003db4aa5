import json
from pathlib import Path

import pytest

from stages import settings
from stages.core.errors import InputError
from tests.helpers.tiny_study import write_params
from tools.benchmarks import determinism

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def made_again(monkeypatch: pytest.MonkeyPatch, differing: str = "") -> None:
    """Nothing is trained: every run comes out the same but for the weights of one."""
    write_params(Path(), architectures=["roberta"], seeds=[7, 8])
    settings.main()

    def compare(run, again, clone):
        same = run.configuration != differing
        return {"cell": run.configuration, "weights": same, "predictions": True, "quality": True, "memory_ratio": 1.0}

    monkeypatch.setattr(determinism, "built_folder", lambda name: Path())
    monkeypatch.setattr(determinism, "make_clone", lambda clone: None)
    monkeypatch.setattr(determinism, "retrain", lambda run, clone, place: None)
    monkeypatch.setattr(determinism, "compare", compare)


def test_a_run_of_each_method_of_a_study_is_repeated_and_nothing_more(monkeypatch):
    made_again(monkeypatch)
    determinism.main(study="laptop", repeat_only=True)
    report = json.loads(Path("metrics/bench/determinism-laptop.json").read_text(encoding="utf-8"))
    assert list(report) == ["cells"]
    assert [row["cell"] for row in report["cells"]] == ["ia3", "qlora-ffn", "lora-ffn", "full"]


def test_a_run_that_differs_is_named_and_the_report_written(monkeypatch):
    made_again(monkeypatch, differing="ia3")
    with pytest.raises(InputError, match=r"^not reproduced: ia3$"):
        determinism.main(repeat_only=True)
    assert Path("metrics/bench/determinism.json").exists()
