import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from stages.training.record import Record
from stages.training.startup import UNUSED, may_leave_out_unused, needs_compiler, nothing_to_compute
from tests.helpers.tiny_study import ROOT, write_study

# What could touch a left-out module: 8-bit and fused optimisers, 4-bit layers, autocast, PEFT, saving.
CHANGES = {"protocols.corrected.optimizer.plain": "adamw_8bit", "protocols.corrected.precision.plain": "bf16"}
CELLS = ("full", "lora-ffn", "qlora-ffn", "ia3")
LEAN = "from stages.training.startup import leave_out_unused; leave_out_unused(); "
RUN = f"from stages.training.run import fine_tune; [fine_tune('distilbert', name, 42) for name in {CELLS}]"
# stages.train as a command, which names its settings and ends when it cannot read them
COMMAND = """
import runpy, sys
from stages.training import startup
startup.leave = lambda: None  # else nothing could be asked any more
sys.argv[1:] = ["distilbert", "full", "42"]
try:
    runpy.run_module("stages.train", run_name="__main__")
finally:
    print([name for name in {names} if getattr(sys.modules.get(name), "__file__", None)])
"""


pytestmark = pytest.mark.usefixtures("in_empty_folder")


def python(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_runs_without_the_unused_are_the_same_to_the_bit():
    write_study("distilbert", **CHANGES)
    found = []
    for code in (RUN, LEAN + RUN):
        python(code)
        found.append([Record.read_from(Path(f"metrics/runs/distilbert/{name}/42.json")).quality for name in CELLS])
    assert found[0] == found[1]


def test_a_process_leaves_with_all_it_printed_and_nothing_else():
    code = "import atexit, sys; from stages.training import startup; atexit.register(print, 'taken apart'); "
    code += "sys.stdout = open(1, 'w'); print('done'); "  # which waits for more, or a flush
    assert python(code + "startup.leave()") == "done\n"


def test_the_command_leaves_them_out():
    write_study("distilbert")
    names = [*UNUSED, "pandas", "sklearn", "datasets", "sympy"]
    assert python(COMMAND.format(names=names)).splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "change",
    [{"profiles.mini.train.compile": "default"}, {"protocols.corrected.gradient_checkpointing.plain": True}],
    ids=str,
)
def test_the_command_imports_what_its_settings_need(change):
    write_study("distilbert", **change)
    assert needs_compiler(Path("data/settings/runs/distilbert/full.json")) is True
    if "compile" not in str(change):
        names = ["torch._dynamo", "scipy.optimize"]
        assert python(COMMAND.format(names=names)).splitlines()[-1] == str(names)


@pytest.mark.parametrize("text", [None, "", "[]", "{}", json.dumps({"gradient_checkpointing": False, "train": 3})])
def test_settings_that_cannot_be_read_leave_nothing_out(text):
    path = Path("run.json")
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert needs_compiler(path) is True


def test_with_a_gpu_they_are_left_out_too():
    code = "import torch; torch.cuda.is_available = lambda: True; "
    lean = "from stages.training.startup import lean_imports\nwith lean_imports(): import transformers, torch._dynamo\n"
    assert python(f"{code}{lean}print(getattr(torch._dynamo, '__file__', None))") == "None\n"


def test_what_a_run_asks_for_decides_whatever_the_device():
    write_study("distilbert", **{"profiles.mini.train.compile": "graphs"})
    assert may_leave_out_unused(Path("data/settings/runs/distilbert/full.json")) is False
    write_study("distilbert")
    assert may_leave_out_unused(Path("data/settings/runs/distilbert/full.json")) is True
    assert may_leave_out_unused(None) is True


def test_nothing_large_is_imported_after_the_baseline_of_memory():
    """Else a run's peak would count it: SymPy, asked for by the first weight that is made, takes some 30 MiB."""
    write_study("distilbert")
    code = (
        "import sys; from stages.training import run; meter = run.MemoryMeter; before = set(); "
        "run.MemoryMeter = lambda: before.update(sys.modules) or meter(); run.fine_tune('distilbert', 'lora-ffn', 42); "
        "print(sorted({name.split('.')[0] for name in set(sys.modules) - before} - {n.split('.')[0] for n in before}))"
    )
    assert python(LEAN + code).splitlines()[-1] == "['pydoc']"


LISTED = """import json, transformers, transformers.models
found = {f"{module.__name__}.{name}": sorted(map(str, value)) if isinstance(value, (list, set)) else str(value)
         for module in (transformers, transformers.models)
         for name, value in {**module._class_to_module, **module._import_structure}.items()}
print(json.dumps(found, sort_keys=True))"""


def test_transformers_offers_what_it_does_elsewhere():
    """Its models are listed in another way, to the same result."""
    listed = json.loads(python(LISTED))
    assert len(listed) > 1000
    assert json.loads(python(LEAN + LISTED)) == listed


SHAPES_OF = """import sys, torch
from stages.training.startup import is_left_out, nothing_to_compute
with nothing_to_compute():
    weight = torch.empty(3, 4, device='meta')
    assert torch.cumsum(weight, 0).shape == (3, 4)
    assert is_left_out('torch._meta_registrations')
    try:
        print(tuple(torch.{call}.shape), end=' ')
    except NotImplementedError as error:
        print(type(error).__name__, end=' ')
    print(is_left_out('torch._meta_registrations'))
"""


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        ("cdist(weight, weight)", "(3, 3)"),
        ("searchsorted(weight, weight)", "(3, 4)"),
        ("roll(weight, 1)", "(3, 4)"),
        ("nonzero(weight)", "NotImplementedError"),  # nobody can say
    ],
)
def test_a_model_that_asks_python_for_a_shape_has_it(call, shape):
    assert python(LEAN + SHAPES_OF.format(call=call)) == f"{shape} False\n"
    anew = "import sys; [sys.modules.pop(name) for name in list(sys.modules) if name.startswith('stages')]; "
    assert python(LEAN + anew + SHAPES_OF.format(call=call)) == f"{shape} False\n"  # as tools/engine/warm.py has it


def test_what_has_data_is_computed():
    with nothing_to_compute():
        assert torch.arange(1, 4).tolist() == [1, 2, 3]
        weight = torch.nn.init.constant_(torch.empty(2), 3.0)
        assert weight.tolist() == [3.0, 3.0]
        assert torch.empty_like(weight).shape == (2,)
        on_meta = torch.arange(3, 9, device="meta")
        copy = torch.empty_like(torch.empty(2, 3, dtype=torch.float16, device="meta"), device="cpu")
    assert (on_meta.shape, on_meta.dtype, on_meta.device.type) == ((6,), torch.int64, "meta")
    assert (copy.shape, copy.dtype, copy.device.type) == ((2, 3), torch.float16, "cpu")


def test_what_the_shortcuts_do_not_know_goes_to_torch():
    with nothing_to_compute():
        halves = torch.arange(0.0, 2.0, 0.5, device="meta")
        named = torch.arange(start=1, end=4, device="meta")
        copy = torch.empty_like(torch.empty(2, 3, device="meta"), memory_format=torch.preserve_format)
    assert (halves.shape, halves.dtype) == ((4,), torch.float32)
    assert (named.shape, named.dtype) == ((3,), torch.int64)
    assert copy.shape == (2, 3)
