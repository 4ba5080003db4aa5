import ast
import shutil
from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.study.params import load_params
from stages.study.resolve import resolve_study
from tests.helpers.tiny_study import ROOT
from tools.benchmarks import faults


def test_each_fault_finds_its_place_in_the_code_of_a_run(tmp_path):
    code = tmp_path / "run.py"
    shutil.copy(ROOT / faults.CODE, code)
    runs = resolve_study(load_params(ROOT / "params.yaml")).runs
    faults.plant(code, faults.choose(runs))
    text = code.read_text(encoding="utf-8")
    planted = [fault for fault in faults.FAULTS.values() if f":\n        {fault}\n" in text]
    assert planted == list(faults.FAULTS.values())
    function = next(node for node in ast.parse(text).body if getattr(node, "name", None) == "fine_tune")
    assert [argument.arg for argument in function.args.args] == ["architecture", "configuration", "seed"]
    assert all(fault.split("(")[0] in ast.unparse(function) for fault in faults.FAULTS.values())


def test_code_without_a_place_is_named(tmp_path):
    path = Path(tmp_path, "run.py")
    path.write_text("def fine_tune():\n    pass\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"run\.py: 0 places to plant a fault; needed: 1$"):
        faults.plant(path, {})
