"""The workflow and the hooks name what the project has; actionlint knows the rest."""

import re

from stages.core.yaml_files import read_yaml
from stages.paper import SECTIONS, TEMPLATE
from stages.report.text.checklist import CHECKLIST
from tests.helpers.tiny_study import ROOT

WORKFLOW = read_yaml(ROOT / ".github/workflows/paper.yml")
HOOKS = {hook["id"]: hook for hook in read_yaml(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"]}


def commands() -> list[str]:
    steps = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
    return [line for step in steps for line in step.get("run", "").splitlines()]


def test_every_target_of_the_workflow_is_one_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(VENV)", ".venv")
    named = [target for line in commands() if line.startswith("make ") for target in line.split()[1:]]
    assert named == [".venv/study", ".venv/dev", "paper", "test"]
    assert [target for target in named if not re.search(f"^{re.escape(target)}:", makefile, re.MULTILINE)] == []


def test_what_is_uploaded_and_published_is_made():
    outs = read_yaml(ROOT / "dvc.yaml")["stages"]
    made = {
        out if isinstance(out, str) else next(iter(out)) for name in ("paper", "site") for out in outs[name]["outs"]
    }
    upload = next(step for step in WORKFLOW["jobs"]["build"]["steps"] if "upload-artifact" in step.get("uses", ""))
    assert upload["with"]["path"].split() == ["paper/main.pdf", "paper/site/"]
    assert {path.rstrip("/") for path in upload["with"]["path"].split()} <= made
    assert "cp -r paper/site/. published/" in commands()


def test_nothing_but_the_page_may_be_written_and_by_one_job():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    granted = {name: job.get("permissions") for name, job in WORKFLOW["jobs"].items()}
    assert granted == {"build": None, "publish": {"pages": "write", "id-token": "write"}}
    assert WORKFLOW["jobs"]["publish"]["if"] == "github.ref == 'refs/heads/main'"


def test_hooks_look_at_every_template_and_at_no_other_file():
    pattern = re.compile(HOOKS["typed-numbers"]["files"])
    templates = {ROOT / TEMPLATE, *(ROOT / SECTIONS).glob("*.tex.j2"), ROOT / CHECKLIST}
    files = [path for path in (ROOT / "paper").rglob("*") if path.is_file()]
    assert {path for path in files if pattern.search(path.relative_to(ROOT).as_posix())} == templates
    assert HOOKS["typed-numbers"]["entry"] == ".venv/bin/python -m tools.typed_numbers"
    assert {hook["language"] for hook in HOOKS.values()} == {"system"}
