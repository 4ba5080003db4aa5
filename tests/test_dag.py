"""The contract between dvc.yaml and the code: a stage depends on what it imports, and on no other code."""

import ast
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.training.environment import CODE
from tests.helpers.tiny_study import ROOT

STAGES = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
TRAINS = {"prepare", "base", "tokenize", "train", "probe", "sweep"}  # results depend on package versions
DATA_OF_CODE = {"stages/data": ["grammar.yaml"], "stages/published": ["claims.yaml"]}


def imported_files(path: Path, root: Path = ROOT) -> set[str]:
    """The project's files that ``path`` imports, directly or not, wherever in a file an import stands."""
    found: set[str] = set()
    queue = [path]
    while queue:
        for node in ast.walk(ast.parse(queue.pop().read_text(encoding="utf-8"))):
            for module in modules_of(node):
                file = root / (module.replace(".", "/") + ".py")
                name = file.relative_to(root).as_posix()
                if module.startswith("stages.") and file.exists() and name not in found:
                    found.add(name)
                    queue.append(file)
    return found


def modules_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return []


def script(stage: str) -> str:
    return STAGES[stage]["cmd"].split()[2].replace(".", "/") + ".py"


def code_of(stage: str) -> list[str]:
    return [dep for dep in STAGES[stage]["deps"] if dep.startswith("stages/")]


def covers(dep: str, file: str) -> bool:
    return file == dep or file.startswith(f"{dep}/")


@pytest.mark.parametrize("stage", STAGES)
def test_every_import_lies_under_a_dependency(stage):
    needed = {script(stage)} | imported_files(ROOT / script(stage))
    assert [file for file in sorted(needed) if not any(covers(dep, file) for dep in code_of(stage))] == []


@pytest.mark.parametrize("stage", STAGES)
def test_no_dependency_on_code_is_superfluous(stage):
    needed = {script(stage)} | imported_files(ROOT / script(stage))
    assert [dep for dep in code_of(stage) if not any(covers(dep, file) for file in needed)] == []
    assert [dep for dep in code_of(stage) if not (ROOT / dep).exists()] == []


@pytest.mark.parametrize("stage", STAGES)
def test_no_dependency_lies_within_another(stage):
    deps = code_of(stage)
    assert [(a, b) for a in deps for b in deps if a != b and covers(a, b)] == []


def test_what_decides_a_run_is_what_train_depends_on():
    expected = {dep for dep in STAGES["train"]["deps"] if dep.startswith("stages/") or dep == "requirements.txt"}
    assert set(CODE) == expected


def test_data_beside_code_lies_in_folders_that_are_dependencies():
    found = {p.parent.relative_to(ROOT).as_posix(): [p.name] for p in (ROOT / "stages").rglob("*.yaml")}
    assert found == DATA_OF_CODE
    for folder in found:
        users = [stage for stage in STAGES if folder in code_of(stage)]
        assert users, folder


@pytest.mark.parametrize("stage", STAGES)
def test_command_is_a_stage_file_of_the_same_name(stage):
    assert script(stage) == ("stages/train.py" if stage in ("probe", "sweep") else f"stages/{stage}.py")


@pytest.mark.parametrize("stage", sorted(TRAINS))
def test_pinned_requirements_are_a_dependency(stage):
    assert "requirements.txt" in STAGES[stage]["deps"]


@pytest.mark.parametrize("stage", STAGES)
def test_only_settings_reads_params(stage):
    assert ("params" in STAGES[stage]) == (stage == "settings")


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_depends_on_the_lock_file(stage):
    assert "dvc.lock" not in STAGES[stage]["deps"]


def test_dvc_ignores_what_python_leaves_in_a_folder_of_code():
    """Else every stage would look changed after its first run (iterative/dvc #2144)."""
    assert "__pycache__/" in (ROOT / ".dvcignore").read_text(encoding="utf-8").splitlines()


def test_dvc_leaves_the_last_paper_in_place_until_there_is_a_new_one():
    assert {"paper/main.pdf": {"persist": True}} in STAGES["paper"]["outs"]


def test_every_requirement_is_an_exact_pin():
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-cluster.txt", "requirements-laptop.txt"):
        lines = [
            line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if line and line[0] not in "#-"
        ]
        assert [line for line in lines if line.count("==") != 1] == []
