"""Which GPUs there are, as a planted nvidia-smi, torch's build and CUDA_VISIBLE_DEVICES say."""

import os
from importlib.metadata import version

import pytest
import torch

from stages.core.errors import InputError
from tests.helpers.check import CPU, GPU, run_check
from tests.helpers.tiny_study import write_params
from tools import check, gpus

BUILT = f"nvidia-smi sees a GPU, torch does not: torch {version('torch')} is built"
WITHOUT = f"{BUILT} without CUDA; make paper TORCH=cu130 (driver 580 or newer) or TORCH=cu126 installs "
WITHOUT += "one with it"
OLD = f"{BUILT} for CUDA 13.0, which asks for driver 580 or newer, and here is 550; update it, or make "
OLD += "paper TORCH=cu126 takes an older one"
ELSE = "nvidia-smi sees a GPU, torch does not: `python -c 'import torch; torch.cuda.init()'` says why"
TWO = """GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-0a)
GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-0b)
"""
DIVIDED = """GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-0a)
  MIG 3g.20gb     Device  0: (UUID: MIG-1a)
  MIG 3g.20gb     Device  1: (UUID: MIG-1b)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-0b)
"""


@pytest.fixture
def plant(tmp_path, monkeypatch):
    """An nvidia-smi that shows some GPUs of some driver, and a torch of some build."""
    folder = tmp_path / "programs"
    folder.mkdir()

    def planted(shown: str, driver: str = "580.65.06", built_for: str | None = "13.0") -> None:
        gpus.nvidia_smi.cache_clear()
        script = f"#!/bin/sh\ncase $1 in -L) cat <<'END'\n{shown}END\n;; *) echo {driver};; esac\n"
        (folder / "nvidia-smi").write_text(script, encoding="utf-8")
        (folder / "nvidia-smi").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        monkeypatch.setattr(gpus, "cuda_of_torch", lambda: built_for)

    yield planted
    gpus.nvidia_smi.cache_clear()


@pytest.mark.parametrize(
    ("allowed", "names"),
    [("0,1", ["0", "1"]), (" 0, 1", ["0", "1"]), ("-1", []), ("NoDevFiles", []), ("0,-1,1", ["0"]), ("", []),
     ("GPU-8932f937,MIG-5a", ["GPU-8932f937", "MIG-5a"])],
)  # fmt: skip
def test_gpus_are_those_that_cuda_would_show(allowed, names, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    assert gpus.visible_gpus() == names


@pytest.mark.parametrize(("shown", "names"), [(TWO, ["GPU-0a", "GPU-0b"]), (DIVIDED, ["MIG-1a", "MIG-1b", "GPU-0b"])])
def test_gpus_have_the_ids_that_nvidia_smi_shows(shown, names, plant):
    plant(shown)
    assert gpus.usable_gpus() == names
    assert gpus.usable_gpus("cpu") == []


@pytest.mark.parametrize(
    ("driver", "built_for", "fault"),
    [
        ("580.65.06", "13.0", ""),
        ("550.54.15", "12.6", ""),
        ("550.54.15", "13.0", OLD),
        ("580.65.06", None, WITHOUT),
    ],
)
def test_a_torch_that_cannot_use_the_gpus_is_named(driver, built_for, fault, plant):
    plant(TWO, driver, built_for)
    assert gpus.build_fault() == fault
    assert len(gpus.usable_gpus()) == (0 if fault else 2)
    assert gpus.gpu_fault() == (fault or ELSE)  # torch here sees none, whatever its build is said to be


def test_gpus_that_are_hidden_are_no_fault(plant, monkeypatch):
    plant(TWO, built_for=None)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert (gpus.build_fault(), gpus.gpu_fault()) == ("", "")


def test_the_installed_torch_is_asked_by_its_file():
    assert gpus.cuda_of_torch() == (torch.version.cuda or torch.version.hip)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    ("profile", "device", "host", "shown", "fault"),
    [
        ("mini", "cpu", CPU, "the CPU", None),
        ("mini", "auto", CPU, "any", f"note: {WITHOUT}"),
        ("mini", "cuda", CPU, "a CUDA GPU", f"missing: device: {WITHOUT}"),
        ("paper", "auto", CPU, "a CUDA GPU", f"missing: device: {WITHOUT}"),
        ("paper", "cpu", CPU, "the CPU", None),
        ("paper", "auto", GPU, "a CUDA GPU", None),
    ],
)
def test_make_check_says_where_a_profile_computes(profile, device, host, shown, fault, plant, monkeypatch, capsys):
    write_params(check.Path(), **{f"profiles.{profile}.train.device": device})
    plant(TWO, built_for=None)
    _, lines = run_check(monkeypatch, capsys, host, profile)
    assert f"device {shown} {host.name}" in lines
    build = "built for CUDA" if shown == "a CUDA GPU" else "any build"
    another = "(another: make paper TORCH=cpu|cu126|cu128|cu130)"
    assert f"torch {build} {version('torch')}, for the CPU {another}" in lines
    said = [line for line in lines if line.startswith(("note: ", "missing: device"))]
    assert said == ([fault] if fault else [])


@pytest.mark.usefixtures("offline")
def test_jobs_of_several_gpus_need_the_memory_of_those_that_share_one(monkeypatch, capsys):
    four = GPU._replace(gpus=4)
    for told, shared in (("4", 1), ("5", 2), ("8", 2)):
        _, lines = run_check(monkeypatch, capsys, four, "paper", told)
        assert f"memory, {shared} at once {4 * shared}.00 GB at most 80 GB of the GPU" in lines


@pytest.mark.usefixtures("offline")
def test_a_study_that_asks_for_a_gpu_is_not_begun_without_one(plant, monkeypatch, capsys):
    write_params(check.Path(), **{"profiles.mini.train.device": "cuda"})
    with pytest.raises(InputError) as caught:
        check.main(quick=True)
    assert str(caught.value) == "profiles.mini.train.device: 'cuda': no GPU; allowed here: cpu, auto"
    assert check.main(quick=True, elsewhere=True)
    plant(TWO, built_for=None)
    with pytest.raises(InputError) as caught:
        check.main(quick=True)
    assert str(caught.value) == f"profiles.mini.train.device: 'cuda': {WITHOUT}; allowed here: cpu, auto"
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("offline")
def test_a_study_that_could_use_a_gpu_says_why_it_does_not(plant, capsys):
    write_params(check.Path(), **{"profiles.mini.train.device": "auto"})
    plant(TWO, built_for=None)
    assert check.main(quick=True)
    assert capsys.readouterr().err == f"note: {WITHOUT}\n"
