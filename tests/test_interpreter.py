"""What importing ``stages`` sees to: the interpreter has what the study needs, and prints anything on any terminal."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import stages
from tests.helpers.shells import ASCII, LATIN_1, python
from tests.helpers.tiny_study import ROOT

pytestmark = pytest.mark.usefixtures("in_empty_folder")
REMEDY = (
    "activate the study's environment: . .venv/bin/activate (`make paper` makes it), or: "
    "pip install -r requirements.txt"
)


@pytest.mark.parametrize(
    "module", ["stages.settings", "stages.train", "tools.study", "tools.status", "tools.engine.worker"]
)
def test_an_interpreter_without_the_requirements_is_named(module):
    done = python("-S", "-m", module)  # without site-packages, as any python on the path may be
    line = f"error: {sys.executable}: accelerate is not installed; {REMEDY}\n"
    assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b"", line)


def test_an_interpreter_with_another_version_is_named():
    shutil.copytree(ROOT / "stages", "stages", ignore=shutil.ignore_patterns("__pycache__"))
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    here = next(line for line in text.splitlines() if line.startswith("torch==")).partition("==")[2]
    Path("requirements.txt").write_text(text.replace(f"torch=={here}", "torch==0.1"), encoding="utf-8")
    done = python("-m", "stages.settings", "--check", PYTHONPATH=str(Path.cwd()))
    line = f"error: {sys.executable}: torch is {here}, in requirements.txt 0.1; {REMEDY}\n"
    assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b"", line)


@pytest.mark.parametrize("content", [b"", b"\n", b"# torch\n", b"\x86\xff"])
def test_requirements_that_were_emptied_or_overwritten_are_named(content):
    """With no pins any interpreter would do, and all would be made again of whatever it has."""
    shutil.copytree(ROOT / "stages", "stages", ignore=shutil.ignore_patterns("__pycache__"))
    Path("requirements.txt").write_bytes(content)
    done = python("-m", "stages.settings", "--check", PYTHONPATH=str(Path.cwd()))
    line = "error: requirements.txt: pins nothing; `git checkout requirements.txt` brings it back\n"
    assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b"", line)


@pytest.mark.parametrize("name", ["Torch_Scatter-2.1.0+cpu.dist-info", "torch_scatter-2.1.0-py3.11.egg-info"])
def test_names_and_local_versions_of_packages_are_compared_as_pip_does(name, in_empty_folder, monkeypatch):
    (in_empty_folder / name).mkdir()
    requirements = in_empty_folder / "requirements.txt"
    requirements.write_text("# first\ntorch.scatter==2.1.0\n\n# brought in\nother==1\n", encoding="utf-8")
    monkeypatch.setattr(stages, "REQUIREMENTS", requirements)
    monkeypatch.setattr(sys, "path", ["", "/nowhere", str(in_empty_folder)])
    assert stages.wrong_environment() is None


@pytest.mark.parametrize(
    ("shell", "shown"),
    [(ASCII, b"* +/- ? \xe9 1-2\n"), (LATIN_1, b"* \xb1 \xe9 \xe9 1-2\n")],
    ids=["ascii", "latin-1"],
)
def test_what_an_encoding_lacks_is_replaced(shell, shown):
    code = (
        "import stages, sys; text = '\\u25cf \\xb1 \\xe9 \\udce9 1\\u22122'; print(text); print(text, file=sys.stderr)"
    )
    done = python("-c", code, **shell)
    assert (done.returncode, done.stdout, done.stderr) == (0, shown, shown)


@pytest.mark.parametrize("module", ["stages.settings", "tools.check", "tools.diff", "tools.study", "tools.why"])
def test_help_is_printed_in_ascii(module):
    done = python("-m", module, "--help", **ASCII)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("level", ["1", "2"])
def test_python_without_assertions_or_docstrings_is_named(level):
    done = python("-m", "stages.settings", "--check", PYTHONOPTIMIZE=level)
    fault = "unset it; Transformers needs docstrings that it strips, and the study needs assertions"
    line = f"error: PYTHONOPTIMIZE: {fault}\n"
    assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b"", line)


def test_what_a_notebook_and_a_hook_of_git_have_in_their_shells_misleads_nothing(in_empty_folder):
    subprocess.run(["git", "init", "--quiet", "elsewhere"], check=True)
    code = (
        "import stages, os, matplotlib, subprocess; "
        "print(subprocess.run(['git', '-C', 'elsewhere', 'rev-parse', '--show-toplevel'], capture_output=True, "
        "text=True).stdout, end='')"
    )
    shell = {"GIT_DIR": str(ROOT / ".git"), "GIT_INDEX_FILE": "index", "GIT_PREFIX": ""}
    shell |= {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "SOURCE_DATE_EPOCH": "today"}
    done = python("-c", code, **shell)
    assert (done.returncode, done.stdout.decode()) == (0, f"{in_empty_folder / 'elsewhere'}\n"), done.stderr


@pytest.fixture
def latin_1_locale(tmp_path) -> dict[str, str]:
    """A shell in such a locale, which is made here: a machine may lack it."""
    if shutil.which("localedef") is None:
        pytest.skip("no localedef")
    locale = tmp_path / "locale/de_DE.ISO-8859-1"
    locale.parent.mkdir()
    made = ["localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(locale)]
    if subprocess.run(made, capture_output=True, check=False).returncode:
        pytest.skip("no sources of locales")
    return {"LOCPATH": str(locale.parent), "LC_ALL": locale.name}


def test_a_folder_that_a_locale_cannot_name_is_found_by_arrow_and_the_terminal_keeps_its_encoding(
    latin_1_locale, in_empty_folder, monkeypatch
):
    folder = in_empty_folder / "größe"
    (folder / "tools").mkdir(parents=True)
    monkeypatch.chdir(folder)
    shutil.copytree(ROOT / "stages", "stages", ignore=shutil.ignore_patterns("__pycache__"))
    Path("tools/__init__.py").touch()
    Path("tools/reads.py").write_text(
        "import stages, sys\nfrom datasets import Dataset, load_from_disk\nfrom pathlib import Path\n"
        "Dataset.from_dict({'a': [1]}).save_to_disk('d')\n"
        "print(load_from_disk(str(Path('d').absolute()))[0], sys.argv[1:], 'é')\n",
        encoding="utf-8",
    )
    done = python("-m", "tools.reads", "x", PYTHONPATH=str(folder), **latin_1_locale)
    assert (done.returncode, done.stdout) == (0, "{'a': 1} ['x'] é\n".encode("latin-1")), done.stderr.decode("latin-1")


def test_the_environment_of_make_lets_python_look_into_this_folder(tmp_path):
    """As in a shell with PYTHONSAFEPATH, where `dvc repro` after activating it would find no stages."""
    for file in ["Makefile", "requirements.txt", *(path.name for path in ROOT.glob("requirements*.lock"))]:
        shutil.copy(ROOT / file, tmp_path)
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\nif [ "$1" = -m ]; then mkdir -p "$3/bin"; echo : > "$3/bin/activate"; '
        'ln -s /bin/true "$3/bin/pip"; fi\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    subprocess.run(["make", ".venv/study", f"PYTHON={python}"], cwd=tmp_path, check=True, capture_output=True)
    shell = 'PYTHONSAFEPATH=1; export PYTHONSAFEPATH; . .venv/bin/activate; echo "${PYTHONSAFEPATH-unset}"'
    done = subprocess.run(["sh", "-c", shell], cwd=tmp_path, check=True, capture_output=True, encoding="utf-8")
    assert done.stdout == "unset\n"
