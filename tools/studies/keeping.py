"""What is kept of a study in git: which files, and whether they still belong to today's parameters."""

from pathlib import Path

from stages.analysis.kept_study import FOLDER
from stages.analysis.runs import SWEEP, made_by
from stages.core.errors import InputError
from stages.core.yaml_files import read_yaml
from stages.data.card import Card
from stages.published.claims import Claims
from stages.published.reconciliation import Reconciliation
from stages.study.grid import StudySettings
from stages.study.params import Params
from stages.study.resolve import resolve_run, resolve_study
from stages.training.record import Record
from stages.training.settings import Run
from stages.tuning.choice import tune
from stages.tuning.tuning import Tuning
from tools.studies.merging import Study, read_study

# Of a working copy -> of the kept study. A folder is kept with its files; models, tokens and texts are not kept.
RECORDS = Path("metrics/runs")
ALWAYS = {
    Path("metrics/base"): "base",
    Path("metrics/tokenized"): "tokenized",
    Path("metrics/plots"): "plots",
    Path("metrics/runs.csv"): "runs.csv",
    Path("metrics/failed.csv"): "failed.csv",
    Path("metrics/summary.json"): "summary.json",
    Path("metrics/statistics.json"): "statistics.json",
    Path("metrics/baselines.json"): "baselines.json",
    Card.path(): "card.json",
    StudySettings.path(): "study.json",
    Path("paper/main.pdf"): "main.pdf",
}
# About the study that is reproduced: of a study that does not, they say nothing. The census is the workspace's: it
# counts at full size, whatever the data.
WHERE_PUBLISHED = {Claims.path(): "claims.json", Reconciliation.path(): "reconciliation.json"}
# Every rate that was tried, with its scores; of its records, the chosen ones are kept.
WHERE_TUNED = {Tuning.path(): "tuning.json", SWEEP: "sweep.csv"}
PARAMS, CHANGES, MADE_OF = "params.yaml", "study.yaml", "made_of.json"


def kept_files(params: Params, folder: Path) -> dict[Path, str]:
    """Files and folders that a reader needs of the working copy in ``folder``, with their names in the kept study."""
    files = dict(ALWAYS)
    if params.published != "none":
        files |= WHERE_PUBLISHED
    if not params.rate_factors:
        return {RECORDS: "runs"} | files
    files |= WHERE_TUNED
    for run in chosen_runs(params, Tuning.read_from(folder / Tuning.path())):
        if (folder / run.record_path).exists():  # else a hole
            files[run.record_path] = str(run.record_path.relative_to("metrics"))
    return files


def chosen_runs(params: Params, tuning: Tuning) -> list[Run]:
    """The runs that stand for those of the grid."""
    return [made_by(run, tuning.factors) for run in resolve_study(params).runs]


def require_todays(name: str) -> None:
    """See to it that a kept study is what ``params.yaml`` and ``studies/<name>.yaml`` of today say.

    Raises:
        InputError: the first record that is missing, too many, or of other settings, and what is to be done.
    """
    study = read_study(name)
    folder = FOLDER / name
    fault = _fault_of_data(folder, study)
    fault = fault or _fault_of_rates(folder, study.params) or _fault_of_records(folder, study.params)
    if fault:
        again = f"`make paper STUDY={name}` and `make keep STUDY={name}` bring it up to date"
        raise InputError(f"{folder}/{fault}; {again}")


def _fault_of_data(folder: Path, study: Study) -> str | None:
    """Data and base models by the parameters that they were made of, where these are kept."""
    if not (folder / PARAMS).exists():
        return None
    kept, profile = read_yaml(folder / PARAMS), study.params.profile
    for section in ("data", "base", "tokenize"):
        recorded = kept["profiles"].get(profile, {}).get(section)
        if difference := _first_difference(recorded, study.raw["profiles"][profile][section]):
            return f"{PARAMS}: profiles.{profile}.{section}{difference}"
    return None


def _fault_of_rates(folder: Path, params: Params) -> str | None:
    """The rates that were tried, where some were."""
    if not params.rate_factors:
        return None
    recorded = _rates_of(Tuning.read_from(folder / WHERE_TUNED[Tuning.path()]))
    difference = _first_difference(recorded, _rates_of(tune(resolve_study(params), [])))
    return difference and f"{WHERE_TUNED[Tuning.path()]}{difference}"


def _rates_of(tuning: Tuning) -> dict[str, dict[str, float]]:
    """By cell, the nominal rate at each factor."""
    cells = {}
    for cell in tuning.cells:
        rates = {rate.factor: rate.nominal_learning_rate for rate in cell.rates}
        cells[f"{cell.architecture}.{cell.configuration}"] = rates
    return cells


def _fault_of_records(folder: Path, params: Params) -> str | None:
    wanted_runs = resolve_study(params).runs
    if params.rate_factors:
        wanted_runs = chosen_runs(params, Tuning.read_from(folder / WHERE_TUNED[Tuning.path()]))
    runs = {str(run.record_path.relative_to("metrics")): run for run in wanted_runs}
    there = sorted(str(path.relative_to(folder)) for path in (folder / "runs").rglob("*.json"))
    for place in there:
        if place not in runs:
            return f"{place}: not a run of today's study"
    for place, run in runs.items():
        if place not in there and params.allow_failed:
            continue  # a hole in its tables
        if place not in there:
            return f"{place}: missing"
        record = Record.read_from(folder / place, run.stage)
        recorded = record.run.settings.model_dump()
        wanted = resolve_run(params, run.architecture, run.configured, run.factor)
        if wanted.train.device == "cpu" == record.environment.device:  # older records do not say that it was told
            recorded["train"]["device"] = "cpu"
        if difference := _first_difference(recorded, wanted.model_dump()):
            return f"{place}{difference}"
    return None


def _first_difference(recorded: object, wanted: object) -> str | None:
    """The first key by which they differ, as ``.key.key: value; today value``, or as ``: value; ...`` without a key."""
    if recorded == wanted:
        return None
    if isinstance(recorded, dict) and isinstance(wanted, dict):
        key = next(key for key in [*wanted, *recorded] if recorded.get(key) != wanted.get(key))
        return f".{key}{_first_difference(recorded.get(key), wanted.get(key))}"
    return f": {recorded!r}; today {wanted!r}"
