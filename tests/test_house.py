"""The plan of the house: which package may import which, how large a file or a package may be, one name one file."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.helpers.tiny_study import ROOT
from tests.test_dag import modules_of

# Package -> the packages, or files, of the project that it may import beside itself.
SETTINGS = ["stages.data.settings", "stages.encoders.settings", "stages.training.settings", "stages.fullsize.settings"]
CONTRACTS = [
    "stages.data.card",
    "stages.encoders.base_report",
    "stages.encoders.token_report",
    "stages.training.record",
]
MAY_IMPORT = {
    "stages.core": [],
    "stages.hub": ["stages.core"],
    "stages.meters": ["stages.core"],
    "stages.data": ["stages.core", "stages.hub"],
    "stages.encoders": ["stages.core", "stages.hub"],
    # what a checkpoint brings is asked by the stage that gets it and by the run that trains what it does not bring
    "stages.methods": [
        "stages.core",
        "stages.encoders.checkpoint",
        "stages.training.settings",
        "stages.training.record",
        "stages.training.startup",
    ],
    "stages.training": ["stages.core", "stages.meters", "stages.methods", "stages.saved"],
    "stages.saved": ["stages.core", "stages.methods", "stages.training"],
    # what a configuration may say is asked of a checkpoint's and of params.yaml's
    "stages.fullsize": [
        "stages.core",
        "stages.methods",
        "stages.training",
        "stages.encoders.settings",
        "stages.encoders.package",  # which may have a checkpoint's sizes
        "stages.encoders.config_limits",
    ],
    "stages.study": ["stages.core", *SETTINGS],
    "stages.analysis": ["stages.core", "stages.study", *SETTINGS, *CONTRACTS],
    "stages.tuning": ["stages.core", "stages.study", "stages.analysis", *SETTINGS, *CONTRACTS],
    "stages.published": [
        "stages.core",
        "stages.study",
        "stages.analysis",
        "stages.fullsize.census",
        "stages.data.card",
    ],
}
BELOW_REPORT = [
    "stages.core",
    "stages.study",
    "stages.analysis",
    "stages.tuning",
    "stages.published",
    "stages.fullsize.census",
]
BELOW_REPORT += [*SETTINGS, *CONTRACTS]
ENTRIES = [*BELOW_REPORT, "stages.report.numbers"]
MAY_IMPORT |= {
    "stages.report.numbers": BELOW_REPORT,
    "stages.report.entries": ENTRIES,
    "stages.report.figures": ENTRIES,
    "stages.report.tables": [*ENTRIES, "stages.report.entries"],
    "stages.report.site": [*ENTRIES, "stages.report.entries", "stages.data.grammar"],  # the rule that a text is of
    "stages.report.phrases": [*ENTRIES, "stages.report.entries"],
    "stages.report.text": [*ENTRIES, "stages.report.entries", "stages.report.phrases"],
}
TOOLS = [
    "tools",
    "tools.archive",
    "tools.copies",
    "tools.engine",
    "tools.studies",
    "tools.benchmarks",
    "tools.benchmarks.common",
    "tools.benchmarks.gpu",
    "tools.benchmarks.runs",
]
PACKAGES = [*MAY_IMPORT, *TOOLS]
LINES, FILES = 250, 14
FILES_OF = {
    "stages": 15,  # a stage each
    "stages/analysis": 15,  # a subject of the statistics each
    "tools": 19,  # a command each, by the name that it is called; and what machines have, which several ask
    "tools/benchmarks": 20,  # likewise
    # one for each source of checkpoints; what `settings` and `census`, and what `tokenize` ask alone is apart, and what
    # runs in a process of its own
    "stages/encoders": 19,
}
# Basenames that stand twice because a reader expects the pair: a stage and its schema, an entry and its table.
PAIRS = {
    "settings.py": ["settings.py", *(name.replace(".", "/").removeprefix("stages/") + ".py" for name in SETTINGS)],
    "baselines.py": ["baselines.py", "analysis/baselines.py"],
    "census.py": ["census.py", "fullsize/census.py"],
    "claims.py": ["claims.py", "published/claims.py", "report/entries/claims.py"],
    "statistics.py": ["statistics.py", "analysis/statistics.py"],
    "kept_study.py": ["analysis/kept_study.py", "report/entries/kept_study.py"],
    "published.py": ["report/entries/published.py", "report/tables/published.py"],
    "tuning.py": [
        "report/entries/tuning.py",
        "report/figures/tuning.py",
        "report/tables/tuning.py",
        "tuning/tuning.py",
    ],
    "results.py": ["report/entries/results.py", "report/tables/results.py"],
}


def imports_upwards(root: Path) -> list[str]:
    """``file -> module`` for each import of the project that the table does not allow."""
    faults = []
    for package, allowed in MAY_IMPORT.items():
        for file in sorted((root / package.replace(".", "/")).glob("*.py")):
            faults += [
                f"{file.relative_to(root)} -> {m}" for m in project_imports(file) if not may(m, package, allowed)
            ]
    for file in sorted((root / "stages").glob("*.py")):  # a stage may import any package, but no stage and no tool
        faults += [f"{file.relative_to(root)} -> {m}" for m in project_imports(file) if not is_in_package(m)]
    return faults


def project_imports(file: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        modules = modules_of(node)[:1] if isinstance(node, ast.ImportFrom) else modules_of(node)
        found += [module for module in modules if module.split(".")[0] in ("stages", "tools", "tests")]
    return found


def may(module: str, package: str, allowed: list[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in (package, *allowed))


def is_in_package(module: str) -> bool:
    return any(may(module, package, []) for package in MAY_IMPORT)


def code_files(root: Path = ROOT) -> list[Path]:
    return sorted(path for folder in ("stages", "tools", "tests") for path in (root / folder).rglob("*.py"))


def test_no_package_imports_upwards():
    assert imports_upwards(ROOT) == []


def test_every_package_is_in_the_table():
    packages = {
        ".".join(p.parent.relative_to(ROOT).parts) for d in ("stages", "tools") for p in (ROOT / d).rglob("*.py")
    }
    assert packages - {"stages", "stages.report"} == set(PACKAGES)


@pytest.mark.parametrize(
    ("file", "line", "fault"),
    [
        ("stages/core/errors.py", "import stages.hub.disk", "stages.hub.disk"),
        ("stages/training/batching.py", "from stages.study.grid import StudySettings", "stages.study.grid"),
        ("stages/data/layout.py", "def f():\n    from stages.encoders import settings", "stages.encoders"),
        ("stages/report/numbers/ledger.py", "from stages.report.entries import build", "stages.report.entries"),
        ("stages/collect.py", "from stages.prepare import main", "stages.prepare"),
        ("stages/collect.py", "from tools import check", "tools"),
        ("stages/published/printed.py", "from tests.helpers import planted", "tests.helpers"),
    ],
)
def test_a_planted_import_upwards_is_found(file, line, fault, tmp_path):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(f"from stages.core import errors\n{line}\n", encoding="utf-8")
    assert imports_upwards(tmp_path) == [f"{file} -> {fault}"]


def test_no_file_of_code_is_too_long():
    long = {str(p.relative_to(ROOT)): p.read_text(encoding="utf-8").count("\n") for p in code_files()}
    assert {name: lines for name, lines in long.items() if lines > LINES} == {}


def test_no_package_has_too_many_files():
    files = [path.relative_to(ROOT) for path in code_files() if path.name != "__init__.py"]
    counts = Counter(path.parent.as_posix() for path in files if path.parts[0] != "tests")
    assert {folder: count for folder, count in counts.items() if count > FILES_OF.get(folder, FILES)} == {}


@pytest.mark.parametrize("house", ["stages", "tools"])
def test_no_basename_stands_twice_but_in_a_pair(house):
    by_name: dict[str, list[str]] = {}
    for path in sorted((ROOT / house).rglob("*.py")):
        by_name.setdefault(path.name, []).append(path.relative_to(ROOT / house).as_posix())
    twice = {name: paths for name, paths in by_name.items() if len(paths) > 1 and name != "__init__.py"}
    assert {name: paths for name, paths in twice.items() if paths != sorted(PAIRS.get(name, []))} == {}


def test_no_test_code_is_in_production_code():
    for path in (path for path in code_files() if "tests" not in path.relative_to(ROOT).parts):
        assert "unittest" not in path.read_text(encoding="utf-8"), path


def test_no_output_of_a_process_is_decoded_by_the_locale():
    """A lint rule (PLW1514) holds the same of files."""
    faults = []
    for path in (path for path in code_files() if path.relative_to(ROOT).parts[0] != "tests"):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        for call in calls:
            names = {keyword.arg for keyword in call.keywords}
            by_locale = names & {"text", "universal_newlines"} or ("encoding" in names and "errors" not in names)
            if by_locale and ast.unparse(call.func).startswith("subprocess."):
                faults.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    assert faults == []


def test_level_and_confidence_are_chosen_in_one_file():
    """Typed twice, verdicts on claims and statistics could disagree in silence."""
    places = {"LEVEL": [], "CONFIDENCE": []}
    for path in sorted((ROOT / "stages").rglob("*.py")):
        for name in assigned_names(path) & places.keys():
            places[name].append(path.relative_to(ROOT).as_posix())
    assert places == {name: ["stages/analysis/statistics.py"] for name in places}


def assigned_names(file: Path) -> set[str]:
    """Names that the module assigns at its top level."""
    names = set()
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            nodes = [node for target in targets for node in ast.walk(target)]
            names |= {node.id for node in nodes if isinstance(node, ast.Name)}
    return names


def test_readme_shows_every_file_and_folder_of_the_house():
    tree = (ROOT / "README.md").read_text(encoding="utf-8").split("```\nstages/")[1].split("```")[0]
    shown = {line.split()[0] for line in f"stages/{tree}".splitlines() if line.strip()}
    files = [p for d in ("stages", "tools") for p in (ROOT / d).rglob("*.py") if p.name != "__init__.py"]
    folders = {f"{p.parent.name}/" for p in files} | {"report/"}
    assert shown == {p.name for p in files} | folders
