"""Variables of make targets: one that is missing, empty or wrong is named, before anything else is done."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.tiny_study import ROOT

VARIABLES = ("A", "B", "CONFIG", "DATA", "DELIMITER", "ENCODING", "GRID", "LABEL", "N", "NAME", "PAIR", "PROFILE")
VARIABLES += ("PYTHON", "REMOTE", "REPEATS", "SCHEDULER", "SET", "STUDY", "TEXT", "TORCH", "WITH_MODELS", "YES")
# As if environment and TeX were at hand.
PREPARED = ("--old-file=.venv/study", "--old-file=.venv/archive", "--old-file=tex")


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # Of `make test`, which may have started this, the level and flags would reach the make that is tested.
    removed = {*VARIABLES, "MAKELEVEL", "MAKEFLAGS", "MFLAGS"}
    environment = {name: value for name, value in os.environ.items() if name not in removed} | {"PATH": path}
    command = ["make", *PREPARED, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_given_as_nothing_is_named(name):
    done = make("help", f"{name}=")
    assert done.returncode == 2
    assert done.stderr.split("*** ", 1)[1] == f"{name}: empty; give it a value or leave it out.  Stop.\n"


def test_every_variable_that_a_target_takes_is_looked_at():
    assert make("help", "A=1", "SCHEDULER=x").returncode == 0
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"$(foreach name,{' '.join(VARIABLES)},$(if" in text


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (
            ["diff"],
            "A: empty; allowed: a revision (`git log`) or an experiment (`dvc exp show`): make diff A=HEAD~1",
        ),
        (["why"], "N: empty; allowed: a number as printed, or its key: make why N=distilbert.full.accuracy"),
        (["worker"], "SCHEDULER: empty; allowed: a scheduler's address: make worker SCHEDULER=tcp://host:8786"),
        (["archive", "WITH_MODELS=yes"], "WITH_MODELS: 'yes'; allowed: 1, or none"),
        (["bench", "REPEATS=some"], "REPEATS: 'some'; allowed: 1 or more"),
        (["bench", "REPEATS=0"], "REPEATS: '0'; allowed: 1 or more"),
        (["check", "PROFILE=papr"], "PROFILE: 'papr': unknown name; allowed: mini, imdb-mini, paper"),
        (
            ["diff", 'A=it\'s "so"'],
            "'it\\'s \"so\"': no such revision or experiment; `git log` and `dvc exp show` list them",
        ),
        (
            ["check", "STUDY=smss"],
            "STUDY: 'smss': unknown name; allowed: beyond-lora, imdb-mini, laptop, tuned; `make new NAME=smss "
            "DATA=...` writes one",
        ),
        (
            ["paper", "STUDY=smss"],
            "STUDY: 'smss': unknown name; allowed: beyond-lora, imdb-mini, laptop, tuned; `make new NAME=smss "
            "DATA=...` writes one",
        ),
        (
            ["status", "STUDY=--help"],
            "STUDY: '--help': allowed: a-z, 0-9 and -, first a letter or a digit, at most 60 characters",
        ),
        (["keep"], "STUDY: empty; allowed: a name in studies/: beyond-lora, imdb-mini, laptop, tuned"),
        (
            ["paper", "STUDY=imdb-mini", "REMOTE=there", "SCHEDULER=tcp://here:1"],
            "REMOTE: not with STUDY: workers' clones have the study of params.yaml; let them share this folder",
        ),
        (
            ["new"],
            "NAME: empty; allowed: a name for the study, such as sms: make new NAME=sms DATA=path/to/file-or-folder",
        ),
        (
            ["new", "NAME=sms"],
            "DATA: empty; allowed: a file or a folder of your data: make new NAME=sms DATA=path/to/file-or-folder",
        ),
        (
            ["new", "NAME=sms", 'DATA=$HOME $(shell touch made) it\'s "so".csv'],
            "DATA: '$HOME $(shell touch made) it\\'s \"so\".csv': not found; allowed: a file or a folder of your data",
        ),
        (["diff", "A=--help"], "'--help': no such revision or experiment; `git log` and `dvc exp show` list them"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_variable_that_is_missing_or_wrong_is_named(arguments, fault):
    if arguments[1:] and arguments[0] == "diff" and not (ROOT / ".git").exists():
        pytest.skip("not in a clone")
    done = make(*arguments)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == f"error: {fault}"
    assert [line for line in done.stderr.splitlines()[1:] if not line.startswith("make: ***")] == []


TAKEN = {  # by target, the variables that reach its programs
    "paper": ["JOBS", "SCHEDULER", "REMOTE", "STUDY"],
    "exp": ["JOBS", "SCHEDULER", "REMOTE", "SET", "GRID", "NAME"],
    "new": ["NAME", "DATA", "TEXT", "PAIR", "LABEL", "DELIMITER", "ENCODING", "CONFIG"],
    "keep": ["STUDY"],
    "check": ["JOBS", "PROFILE", "STUDY"],
    "status": ["STUDY"],
    "worker": ["SCHEDULER"],
    "test": ["JOBS"],
    "test-all": ["JOBS"],
    "bench": ["REPEATS"],
    "why": ["N"],
    "archive": ["WITH_MODELS"],
    "diff": ["A", "B"],
    "tex": ["YES"],
}
HOSTILE = [
    "$(shell touch made)",
    "`touch made`",
    "'; touch made; echo '",
    '"; touch made; echo "',
    "$$(touch made)",
    "$HOME",
]


@pytest.mark.parametrize("where", ["command line", "environment"])
def test_what_a_variable_says_is_no_command(where, tmp_path):
    """Programs stand in that print what they are given: a value arrives as it is, and nothing of it is run."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    programs = tmp_path / ".venv/bin"
    programs.mkdir(parents=True)
    for name in ("python", "dvc", "ruff"):
        (programs / name).write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    done_before = [*PREPARED, *(f"--old-file={name}" for name in (".venv/dev", "browser", "lint"))]
    environment = {key: value for key, value in os.environ.items() if key not in (*VARIABLES, "MAKELEVEL", "MAKEFLAGS")}
    for target, names in TAKEN.items():
        for value in HOSTILE:
            own = [f"{name}={value}" for name in names]
            given = own if where == "command line" else []
            told = environment if given else environment | {name: value for name in names}
            done = subprocess.run(
                ["make", *done_before, target, *given],
                cwd=tmp_path,
                env=told,
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
            assert not (tmp_path / "made").exists(), (target, value)
            if target == "tex":  # which compares its variable, and hands it to no program
                continue
            shown = done.stderr if target == "bench" else done.stdout
            assert value.replace("$$", "$") in shown or value in shown, (target, value, done)


def test_every_variable_of_a_recipe_is_tried():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipes = [line for line in text.splitlines() if line.startswith("\t")]
    assert not [
        line
        for line in recipes
        for name in VARIABLES
        if f"$({name})" in line and f"$(if $({name})" not in line and name != "PYTHON"
    ]
    # what the environment is made of is tried in test_makefile_torch.py
    assert {name for names in TAKEN.values() for name in names} == {*VARIABLES, "JOBS"} - {"PYTHON", "TORCH"}


def test_no_command_of_a_name_is_run():
    """Neither by make nor by a shell, given on the command line or in the environment."""
    for value in ("$(shell touch made)", "`touch made`", "$(error x)", "'; touch made; '"):
        assert make("help", f"DATA={value}", f"STUDY={value}").returncode == 0
        done = make("status", f"STUDY={value}")
        assert done.stderr.splitlines()[0].startswith(f"error: STUDY: {value!r}: allowed: a-z, 0-9 and -")
    assert not (ROOT / "made").exists()


def test_a_folder_that_cannot_be_on_the_path_is_named(tmp_path):
    folder = tmp_path / "10:30"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    done = subprocess.run(["make", "-C", folder, "status"], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    line = f"*** {folder}: a folder with a colon in its name cannot be on PATH; move the checkout.  Stop.\n"
    assert done.stderr.endswith(line)


def tex(folder: Path, *arguments: str, answer: str | None = None, **environment: str) -> subprocess.CompletedProcess:
    """``make tex`` as root where LaTeX is missing; apt-get writes what it is told to ``asked``."""
    shutil.copy(ROOT / "Makefile", folder)
    programs = folder / ".venv/bin"
    programs.mkdir(parents=True, exist_ok=True)
    stubs = {"kpsewhich": "exit 1", "id": "echo 0", "apt-get": f'echo "$@" >>{shlex.quote(str(folder / "asked"))}'}
    for name, line in stubs.items():
        (programs / name).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    given = {key: value for key, value in os.environ.items() if key not in ("CI", "YES", "MAKELEVEL", "MAKEFLAGS")}
    command = ["make", "tex", *arguments]
    if answer is not None:  # in a terminal of its own
        command = ["script", "-qec", shlex.join(command), "/dev/null"]
    return subprocess.run(
        command,
        cwd=folder,
        env=given | environment,
        input=f"{answer}\n" if answer is not None else None,
        stdin=subprocess.DEVNULL if answer is None else None,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_tex_is_not_installed_as_root_where_nobody_can_be_asked(tmp_path):
    done = tex(tmp_path)
    assert done.returncode == 2
    line = done.stderr.splitlines()[0]
    assert line.startswith("error: TeX lacks: ")
    assert line.endswith("; it is installed as root, and nobody is here to ask: make tex YES=1")
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize(("arguments", "environment"), [(["YES=1"], {}), ([], {"CI": "true"}), ([], {"YES": "1"})])
def test_tex_is_installed_where_somebody_said_yes_before(arguments, environment, tmp_path):
    assert tex(tmp_path, *arguments, **environment).returncode == 0
    assert [line.split()[0] for line in (tmp_path / "asked").read_text(encoding="utf-8").splitlines()] == [
        "update",
        "install",
    ]


@pytest.mark.skipif(shutil.which("script") is None, reason="no `script` to make a terminal")
@pytest.mark.parametrize(("answer", "installs"), [("y", True), ("yes", True), ("n", False), ("", False)])
def test_tex_asks_before_it_installs_as_root(answer, installs, tmp_path):
    done = tex(tmp_path, answer=answer)
    assert "[y/N]" in done.stdout
    assert (tmp_path / "asked").exists() == installs
    assert (done.returncode == 0) == installs


def test_a_date_of_the_users_own_does_not_reach_a_library():
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "x"}
    code = "import os, stages; print(os.environ.get('SOURCE_DATE_EPOCH'))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "None\n"
