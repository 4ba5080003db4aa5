"""What the runs of a profile take: memory and time by configuration and architecture, and disk in all."""

import logging
import os
import warnings
from statistics import median
from typing import Literal, NamedTuple

from tabulate import tabulate

from stages.core.errors import InputError
from stages.data.card import Card
from stages.data.settings import DataSettings, GeneratedData, HubData
from stages.fullsize.census import Census
from stages.fullsize.settings import FULL_SIZE_PROFILE, CensusSettings
from stages.hub.disk import gigabytes
from stages.study.params import Params
from stages.study.resolve import resolve_census, resolve_run, resolve_study
from stages.training.record import Record
from stages.training.settings import RunSettings
from tools import budget
from tools.machine import Machine

IMDB_ROWS = {"train": 25_000, "test": 25_000, "unsupervised": 50_000}
Key = tuple[str, str]  # configuration, architecture


class RunForecast(NamedTuple):
    """One run; None where it cannot be said."""

    memory_bytes: int | None
    seconds: float | None


class Forecast(NamedTuple):
    """Of a profile: its runs (a seed each), how many at once, and where the figures come from."""

    runs: dict[Key, RunForecast]
    at_once: int
    bound: Literal["about", "at least"]  # how its times are meant
    memory_basis: str
    time_basis: str


def jobs() -> int:
    """Runs at once, as `make` was told."""
    return int(os.environ.get("STUDY_JOBS", "1"))


def settings_of(params: Params) -> dict[Key, RunSettings]:
    """Of every configuration with every architecture."""
    names = params.configurations + params.probes
    return {(name, a): resolve_run(params, a, name) for name in names for a in params.architectures}


def disk_bytes(params: Params) -> int:
    """For checkpoints, data and the models of all runs, from nothing."""
    profile = params.profiles[params.profile]
    totals = {a: budget.weights(budget.sizes_of(params, a))[0] for a in params.architectures}
    runs = [(settings, totals[a]) for (_, a), settings in settings_of(params).items()]
    rows = rows_of(params) or IMDB_ROWS
    return (
        budget.checkpoint_bytes(totals, profile.base.source)
        + budget.data_bytes(rows, len(totals), profile.tokenize.max_length, profile.data.source)
        + budget.models_bytes(runs, len(params.seeds), jobs())
    )


def estimate(params: Params, host: Machine) -> Forecast:
    """From the records of the same profile on such a device, else from operations and predicted memory."""
    if records := _records(params, host):
        at_once = next(iter(records.values()))[0].environment.runs_at_once
        runs = {key: _recorded(found) for key, found in records.items()}
        return Forecast(runs, at_once, "about", "recorded peaks, imports included", "recorded runs (metrics/runs)")
    basis, peaks = _peaks(params, host)
    rows, runs = rows_of(params), {}
    multiplied = {a: budget.weights(budget.sizes_of(params, a))[1] for a in params.architectures}
    for key, settings in settings_of(params).items():
        seconds = rows and budget.run_flops(settings, multiplied[key[1]], rows) / host.flops_a_second
        runs[key] = RunForecast(peaks[key], seconds)
    time_basis = (
        f"matrix products alone and every row at its longest, at {host.flops_a_second / 1e9:,.0f} GFLOP/s measured here"
    )
    return Forecast(runs, 1, "at least", basis, time_basis if rows else "unknown until `prepare` has counted the rows")


def rows_of(params: Params) -> dict[str, int] | None:
    """Rows by split: as generated, as prepared from the same source, or IMDb's own; else unknown."""
    data = params.profiles[params.profile].data
    if isinstance(data, GeneratedData):
        return data.model_dump(include={"train", "validation", "test", "unsupervised"})
    if Card.path().exists() and DataSettings.path().exists() and DataSettings.read().data == data:
        card = Card.model_validate_json(Card.path().read_text(encoding="utf-8"))
        return {name: split.rows for name, split in card.splits.items()}
    if isinstance(data, HubData) and data.hub_id == "stanfordnlp/imdb":
        return IMDB_ROWS | {"train": IMDB_ROWS["train"] - data.validation, "validation": data.validation}
    return None


def _records(params: Params, host: Machine) -> dict[Key, list[Record]] | None:
    """The records of every cell, if each was made with this profile on such a device."""
    found: dict[Key, list[Record]] = {}
    for cell in resolve_study(params).runs:
        try:
            record = Record.read_from(cell.record_path)
        except InputError:
            return None
        if record.run.settings.profile != params.profile or (record.environment.device == "cpu") == host.is_gpu:
            return None
        found.setdefault((cell.configuration, cell.architecture), []).append(record)
    return found


def _recorded(records: list[Record]) -> RunForecast:
    """Medians over seeds."""
    costs = [record.cost for record in records]
    seconds = median(c.startup_seconds + c.train_seconds + c.evaluation_seconds + c.saving_seconds for c in costs)
    peaks = [
        c.peak_memory_reserved_bytes
        or c.baseline_memory_host_bytes + max(c.peak_memory_host_bytes, c.evaluation_peak_memory_host_bytes)
        for c in costs
    ]
    return RunForecast(round(median(peaks)), seconds)


def _peaks(params: Params, host: Machine) -> tuple[str, dict[Key, int | None]]:
    """How the peaks of training are predicted, and the peaks: from the census, or full fine-tuning's computed here."""
    settings = settings_of(params)
    if (census := _census(params)) is not None:
        cells = census.root[params.protocol]
        found = {(name, a): cells[a][name].predicted_memory for name, a in settings}
        return f"predicted for a GPU ({Census.path()})", {key: memory.peak for key, memory in found.items()}
    once: dict[str, int] = {}
    for (_, a), run in settings.items():
        if run.method == "full" and a not in once:
            once[a] = _predicted(params, run, host)
    peaks = {key: once.get(key[1]) if run.method == "full" else None for key, run in settings.items()}
    return "predicted for full fine-tuning, which takes most; tensors alone, without the libraries", peaks


def _predicted(params: Params, run: RunSettings, host: Machine) -> int:
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it names a kernel that no prediction needs
    import transformers

    from stages.fullsize.models import model_config
    from stages.fullsize.peak_memory import predict

    transformers.logging.set_verbosity_error()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = model_config(run, budget.sizes_of(params, run.architecture))
        device = "cuda" if host.is_gpu else "cpu"
        return predict(run, config, run.train.batch_size, run.max_length, device).peak


def _census(params: Params) -> Census | None:
    """The census, where it is of this profile and, as far as can be told, of its settings."""
    if params.profile != FULL_SIZE_PROFILE or not Census.path().exists():
        return None
    wanted = resolve_census(params).model_dump_json(indent=2) + "\n"
    if CensusSettings.path().exists() and CensusSettings.path().read_text(encoding="utf-8") != wanted:
        return None
    census = Census.read()
    known = census.root.get(params.protocol, {})
    return census if all(name in known.get(a, {}) for name, a in settings_of(params)) else None


def table(params: Params, runs: dict[Key, RunForecast]) -> str:
    """Memory and time of a run, a row a configuration."""
    labels = [params.architecture[a].label for a in params.architectures]
    names = params.configurations + params.probes
    rows = [[name, *(_shown(runs[name, a]) for a in params.architectures)] for name in names]
    return tabulate(rows, ("a run", *labels), "simple")


def _shown(run: RunForecast) -> str:
    memory = "" if run.memory_bytes is None else gigabytes(run.memory_bytes)
    return ", ".join(part for part in (memory, "" if run.seconds is None else duration(run.seconds)) if part)


def duration(seconds: float) -> str:
    """In the unit that suits: 45 s, 12 min, 7.5 h, 12 days."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 72 * 3600 else f"{seconds / 86400:.0f} days"
