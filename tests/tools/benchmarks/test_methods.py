import os
import signal

import pytest

from stages.core.errors import InputError
from stages.methods.adapters import CONFIG_CLASSES
from stages.study.params import validated
from tests.helpers.tiny_study import ROOT
from tools.benchmarks.common.children import FailedError, RefusedError, in_child
from tools.benchmarks.common.method_rows import MethodRow, Methods, table
from tools.benchmarks.methods import examined, parameters


@pytest.fixture
def raw(monkeypatch) -> dict:
    monkeypatch.chdir(ROOT)
    return parameters()


def test_every_kind_of_the_installed_peft_has_a_configuration(raw):
    kinds = {(entry.get("adapter") or {}).get("peft_type") for entry in raw["configuration"].values()}
    assert CONFIG_CLASSES.keys() - kinds == set()


def test_at_least_forty_five_configurations_are_the_studys_and_all_are_valid(raw):
    names = raw["configurations"]
    assert len(names) == len(set(names))
    assert names.index("lora-gaussian") >= 45  # the first of the variants
    for name in names[: names.index("lora-gaussian")]:
        validated(raw | {"configurations": [name]}, "params.yaml")


def refuse() -> None:
    raise InputError("lr: 2: too much")


def fail() -> None:
    raise KeyError("q_lin")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("function", "error", "line"),
    [
        (refuse, RefusedError, "lr: 2: too much"),
        (fail, FailedError, "KeyError: 'q_lin'"),
        (die, FailedError, "it was killed"),
    ],
)
def test_what_came_of_a_child_is_told(function, error, line):
    with pytest.raises(error) as caught:
        in_child(function)
    assert str(caught.value) == line
    assert in_child(sum, [1, 2]) == 3


def row(**more: object) -> MethodRow:
    return MethodRow(configuration="a", label="A", peft_type="LORA", quantization="none", **more)


def test_a_fault_of_any_step_is_a_fault_of_the_method(monkeypatch):
    monkeypatch.setattr("tools.benchmarks.methods.resumed_same", lambda run: False)

    def child(function, *args):
        if function.__name__ == "largest_difference":
            return 2e-5
        raise FailedError("no such size")

    monkeypatch.setattr("tools.benchmarks.methods.in_child", child)
    monkeypatch.setattr("tools.benchmarks.methods.left_by", lambda run: {})

    class Named:
        configuration = "a"

    run = Named()
    found = row(outcome="trained").model_copy(update=examined(run, None))
    assert found.faults == [
        "full_size_trainable: no such size",
        "resumed_same: other weights or predictions",
        "reload_difference: above 1e-05",
    ]
    assert not found.holds


def test_the_table_says_why_of_what_was_refused():
    figures = {"trainable": 8386, "adapter": 4096, "test_accuracy": 0.83, "resumed_same": True}
    rows = [
        row(outcome="trained", reload_difference=4e-7, full_size_trainable=887042, **figures),
        row(outcome="refused", reason="no head could train"),
    ]
    versions = {"torch": "2.13.0", "peft": "0.21.2", "bitsandbytes": "0.50.2"}
    about = {"architecture": "roberta", "device": "cpu", "precision": "fp32", **versions}
    report = Methods(**about, trained=1, refused=1, untried=[], rows=rows)
    lines = table(report, "github").splitlines()
    assert lines[0] == "1 trained, 1 refused; peft 0.21.2, roberta."
    assert [cell.strip() for cell in lines[4].split("|")[1:-1]] == [
        "a", "A", "8,386", "4,096", "0.830", "same", "4e-07", "887,042",
    ]  # fmt: skip
    assert [cell.strip() for cell in lines[-1].split("|")[1:-1]] == ["a", "A", "no head could train"]
    assert all(one.holds for one in rows)
    on_a_gpu = report.model_copy(update={"device": "NVIDIA H100", "precision": "bf16"})
    said = "1 trained, 1 refused; peft 0.21.2, roberta, bf16 on NVIDIA H100, torch 2.13.0."
    assert table(on_a_gpu, "github").splitlines()[0] == said
