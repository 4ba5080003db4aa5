"""The last cheap stages over many grids: results are made once, for the full one, and narrowed."""

import random
import shutil
from itertools import combinations

import pytest
from ruamel.yaml import YAML

from stages import claims, collect, paper, tables
from stages.published import verdicts
from stages.study.failures import FailedRun, failure_path
from stages.study.grid import StudySettings
from stages.training.settings import Run
from tests.helpers.paper import touch_figures, untraced
from tests.helpers.results import judge_published_study, write_results
from tests.helpers.statistics import make_statistics
from tests.helpers.tiny_study import ROOT

PARAMS = YAML(typ="safe").load(ROOT / "params.yaml")
CONFIGURATIONS, PROBES = PARAMS["configurations"], PARAMS["probes"]


def subsets() -> list[list[str]]:
    """Every subset of the configurations but the empty one, in the order of the study."""
    sizes = range(1, len(CONFIGURATIONS) + 1)
    return [list(names) for size in sizes for names in combinations(CONFIGURATIONS, size)]


def fitting_probes(configurations: list[str]) -> list[str]:
    """Probes of which the grid has the configuration at the base rate."""
    return [name for name in PROBES if name.removesuffix("-probe") in configurations]


def random_grids(seed: int, count: int) -> list[dict]:
    """Grids of every kind, holes included; the same for the same seed."""
    draw, grids = random.Random(seed), []
    for _ in range(count):
        configurations = draw.sample(CONFIGURATIONS, draw.randint(1, len(CONFIGURATIONS)))
        architectures = draw.sample(PARAMS["architectures"], draw.randint(1, 3))
        grid = {"architectures": architectures, "configurations": configurations}
        grid["probes"] = draw.choice([[], fitting_probes(configurations), draw.sample(PROBES, draw.randint(1, 3))])
        grid["seeds"] = draw.choice([[42], [42, 43], [42, 43, 44]])
        grid["protocol"] = draw.choice(["corrected", "corrected", "as-published"])
        grid["holes"] = draw.choice([None, None, draw.randint(0, 2**16)])
        grids.append(grid)
    return grids


class Grids:
    """Builds the text of the paper for one grid after another in the current folder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write_results(architectures=PARAMS["architectures"], seeds=[42])
        built = ("generated", "main.tex", "main.pdf", "site", "*.tar.gz")
        shutil.copytree(ROOT / "paper", "paper", ignore=shutil.ignore_patterns(*built))
        collect.main()
        judge_published_study()
        evaluations, evaluate = {}, verdicts.evaluate

        def evaluate_once(claim, evidence, why_undecided=None):
            """What the published study says of itself does not depend on the grid."""
            key = claim.model_dump_json()
            if evidence.reproduced:
                return evaluate(claim, evidence, why_undecided)
            if key not in evaluations:
                evaluations[key] = evaluate(claim, evidence, why_undecided)
            return evaluations[key]

        monkeypatch.setattr(verdicts, "evaluate", evaluate_once)

    def text(self, holes: int | None = None, **changes: object) -> str:
        """The LaTeX of the report, its checks passed; ``holes`` seeds the choice of runs that failed."""
        shutil.rmtree("metrics/runs")
        study = write_results(**changes, allow_failed=holes is not None)
        if holes is not None:
            fail_some(study, random.Random(holes))
        collect.main()
        make_statistics(study).write()
        claims.main()
        tables.main()
        shutil.rmtree(paper.GENERATED / "figures", ignore_errors=True)
        touch_figures()
        results = paper.read_results()
        ledger = paper.build(results)
        ledger.note_printed(paper.GENERATED / "tables/numbers.json")
        text = paper.render(paper.TEMPLATE, paper.context(results, ledger))
        for table in (paper.GENERATED / "tables").glob("*.tex"):
            paper.check_table(table)
        paper.check_floats(text, {"tables": paper.produced("tables")})
        paper.check_printed(ledger)
        return " ".join(untraced(text).split())


def fail_some(study: StudySettings, draw: random.Random) -> None:
    """Replace records by failures, whole cells and single seeds, one cell of the grid kept complete."""
    cells = list(dict.fromkeys((run.architecture, run.configuration) for run in study.runs))
    spared = draw.choice(cells)
    for cell in cells:
        fate = draw.choice(["complete", "complete", "one seed", "whole"])
        for run in study.runs:
            if cell == spared or (run.architecture, run.configuration) != cell or fate == "complete":
                continue
            if fate == "whole" or run.seed == study.seeds[0]:
                run.record_path.unlink()
                failure_of(run).write_to(failure_path(run))


def failure_of(run: Run) -> FailedRun:
    identity = run.model_dump(exclude={"role"})
    log = ["error: diverged"]
    return FailedRun(
        **identity, kind="diverged", cause="diverged", at="2026-01-01T00:00:00+00:00", inputs=None, log=log
    )
