"""The contract between dvc.yaml and the code: what a stage imports and reads is what it depends on."""

import ast
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
STAGES = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
TRAINS = {"prepare", "base", "tokenize", "train", "probe"}  # results depend on package versions


def imported_files(path: Path) -> set[str]:
    """The project's files that ``path`` imports, directly or not."""
    found: set[str] = set()
    queue = [path]
    while queue:
        for node in ast.walk(ast.parse(queue.pop().read_text(encoding="utf-8"))):
            modules = []
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            for module in modules:
                file = ROOT / (module.replace(".", "/") + ".py")
                name = file.relative_to(ROOT).as_posix()
                if module.startswith("stages.") and file.exists() and name not in found:
                    found.add(name)
                    queue.append(file)
    return found


def script(stage: str) -> str:
    return STAGES[stage]["cmd"].split()[2].replace(".", "/") + ".py"


@pytest.mark.parametrize("stage", STAGES)
def test_code_is_a_dependency(stage):
    declared = {dep for dep in STAGES[stage]["deps"] if dep.endswith(".py")}
    assert declared == {script(stage)} | imported_files(ROOT / script(stage))


@pytest.mark.parametrize("stage", STAGES)
def test_command_is_a_stage_file_of_the_same_name(stage):
    assert script(stage) == ("stages/train.py" if stage == "probe" else f"stages/{stage}.py")


@pytest.mark.parametrize("stage", sorted(TRAINS))
def test_pinned_requirements_are_a_dependency(stage):
    assert "requirements.txt" in STAGES[stage]["deps"]


@pytest.mark.parametrize("stage", STAGES)
def test_only_settings_reads_params(stage):
    assert ("params" in STAGES[stage]) == (stage == "settings")


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_depends_on_the_lock_file(stage):
    assert "dvc.lock" not in STAGES[stage]["deps"]


def test_dvc_leaves_the_last_paper_in_place_until_there_is_a_new_one():
    assert {"paper/main.pdf": {"persist": True}} in STAGES["paper"]["outs"]


def test_every_requirement_is_an_exact_pin():
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-cluster.txt"):
        lines = [
            line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if line and line[0] not in "#-"
        ]
        assert [line for line in lines if line.count("==") != 1] == []
