"""What the runs of a profile take: memory and time by configuration and architecture, and disk in all."""

import logging
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
from stages.study.typeset import label_of
from stages.training.record import Record
from stages.training.settings import RunSettings
from tools import budget
from tools.engine.display import duration
from tools.machine import Machine

IMDB_ROWS = {"train": 25_000, "test": 25_000, "unsupervised": 50_000}
Cell = tuple[str, str]  # configuration, architecture


class RunForecast(NamedTuple):
    """One run; None where it cannot be said."""

    memory_bytes: int | None
    seconds: float | None


class Forecast(NamedTuple):
    """Of a profile: its runs (a seed each), how many at once, and where the figures come from."""

    runs: dict[Cell, RunForecast]
    at_once: int
    bound: Literal["about", "at least"]  # how its times are meant
    memory_basis: str
    time_basis: str


def settings_of(params: Params) -> dict[Cell, RunSettings]:
    """Of every configuration with every architecture."""
    names = params.configurations + params.probes
    return {(name, a): resolve_run(params, a, name) for name in names for a in params.architectures}


def runs_a_cell(params: Params) -> int:
    """Of one configuration on one architecture: a seed and rate each."""
    return len(params.seeds) * (1 + len(params.rate_factors))


def disk_bytes(params: Params, at_once: int) -> int:
    """For checkpoints, data and the models of all runs, so many at once, from nothing.

    An architecture whose size is not known counts as nothing (see ``unknown_sizes``).
    """
    profile = params.profiles[params.profile]
    totals = {a: 0 if known is None else known[0] for a, known in weights_of(params).items()}
    runs = [(settings, totals[a]) for (_, a), settings in settings_of(params).items()]
    rows = rows_of(params) or IMDB_ROWS
    return (
        budget.checkpoint_bytes(totals, profile.base.source)
        + budget.data_bytes(rows, len(totals), profile.tokenize.max_length, profile.data.source)
        + budget.models_bytes(runs, runs_a_cell(params), at_once)
    )


def weights_of(params: Params) -> dict[str, tuple[int, int] | None]:
    """As ``budget.weights``, by architecture."""
    return {name: budget.weights(budget.sizes_of(params, name)) for name in params.architectures}


def unknown_sizes(params: Params) -> list[str]:
    """Labels of the architectures whose size nothing here says."""
    return [label_of(params.architecture[name].label) for name, known in weights_of(params).items() if known is None]


def estimate(params: Params, host: Machine) -> Forecast:
    """From the records of the same profile on such a device, else from operations and predicted memory."""
    records = _records(params, host)
    if records:
        at_once = next(iter(records.values()))[0].environment.runs_at_once
        runs = {cell: _recorded(records_of_cell) for cell, records_of_cell in records.items()}
        basis = "recorded runs (metrics/runs)"
        return Forecast(runs, at_once * host.gpus, "about", "recorded peaks, imports included", basis)
    memory_basis, peaks = _peaks(params, host)
    rows = rows_of(params)
    if rows is None:
        time_basis = "unknown until `prepare` has counted the rows"
        runs = {cell: RunForecast(peak, None) for cell, peak in peaks.items()}
        return Forecast(runs, host.gpus, "at least", memory_basis, time_basis)
    rate = f"{host.flops_a_second / 1e9:,.0f} GFLOP/s"
    time_basis = f"matrix products alone and every row at its longest, at {rate} measured here"
    runs = {}
    known = weights_of(params)
    for cell, settings in settings_of(params).items():
        seconds = None
        if known[settings.architecture] is not None:
            _, multiplied = known[settings.architecture]
            seconds = budget.run_flops(settings, multiplied, rows) / host.flops_a_second
        runs[cell] = RunForecast(peaks[cell], seconds)
    return Forecast(runs, host.gpus, "at least", memory_basis, time_basis)


def rows_of(params: Params) -> dict[str, int] | None:
    """Rows by split: as generated, as prepared from the same source, or IMDb's own; else unknown."""
    data = params.profiles[params.profile].data
    if isinstance(data, GeneratedData):
        return data.model_dump(include={"train", "validation", "test", "unsupervised"})
    if Card.path().exists() and DataSettings.path().exists() and DataSettings.read().data == data:
        return {name: split.rows for name, split in Card.read().splits.items()}
    if isinstance(data, HubData) and data.hub_id == "stanfordnlp/imdb":
        return IMDB_ROWS | {"train": IMDB_ROWS["train"] - data.validation, "validation": data.validation}
    return None


def _records(params: Params, host: Machine) -> dict[Cell, list[Record]] | None:
    """The records of every cell, if each was made with this profile on such a device."""
    records: dict[Cell, list[Record]] = {}
    for run in resolve_study(params).runs:
        try:
            record = Record.read_from(run.record_path)
        except InputError:
            return None
        on_gpu = record.environment.device != "cpu"
        if record.run.settings.profile != params.profile or on_gpu != host.is_gpu:
            return None
        records.setdefault((run.configuration, run.architecture), []).append(record)
    return records


def _recorded(records: list[Record]) -> RunForecast:
    """Medians over seeds."""
    seconds, peaks = [], []
    for cost in (record.cost for record in records):
        seconds.append(cost.startup_seconds + cost.train_seconds + cost.evaluation_seconds + cost.saving_seconds)
        on_host = max(cost.peak_memory_host_bytes, cost.evaluation_peak_memory_host_bytes)
        peaks.append(cost.peak_memory_reserved_bytes or cost.baseline_memory_host_bytes + on_host)
    return RunForecast(round(median(peaks)), median(seconds))


def _peaks(params: Params, host: Machine) -> tuple[str, dict[Cell, int | None]]:
    """How the peaks of training are predicted, and the peaks: from the census, or full fine-tuning's computed here."""
    settings = settings_of(params)
    census = _census(params)
    if census is not None:
        counted = census.counted(params.protocol)
        peaks = {}
        for name, a in settings:
            cell = counted.get(a, {}).get(name)  # none of an architecture whose full size is not given, and of a hole
            peaks[name, a] = cell.predicted_memory.peak if cell else None
        return f"predicted for a GPU ({Census.path()})", peaks
    peaks = dict.fromkeys(settings)
    of_full: dict[str, int] = {}  # the same for all rates
    for (name, a), run in settings.items():
        if run.method == "full":
            if a not in of_full:
                of_full[a] = _predicted(params, run, host)
            peaks[name, a] = of_full[a]
    return "predicted for full fine-tuning, which takes most; tensors alone, without the libraries", peaks


def _predicted(params: Params, run: RunSettings, host: Machine) -> int | None:
    """None where nothing says how large the model is, or it cannot be made without data."""
    sizes = budget.sizes_of(params, run.architecture)
    if sizes is None:
        return None
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it names a kernel that no prediction needs
    import transformers

    from stages.fullsize.models import model_config
    from stages.fullsize.peak_memory import predict
    from stages.training.batching import resident_bytes

    transformers.logging.set_verbosity_error()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        device = "cuda" if host.is_gpu else "cpu"
        try:
            config = model_config(run, sizes)
            rows = rows_of(params) or {}
            resident = resident_bytes(rows.get("train", 0) + rows.get("validation", 0), run.max_length)
            return predict(run, config, run.train.batch_size, run.max_length, device, resident=resident).peak
        except Exception:  # of any classifier of Transformers, and a forecast is no reason to end
            return None


def _census(params: Params) -> Census | None:
    """The census, where it is of this profile and, as far as can be told, of its settings."""
    if params.profile != FULL_SIZE_PROFILE or not Census.path().exists():
        return None
    wanted = resolve_census(params).model_dump_json(indent=2) + "\n"
    if CensusSettings.path().exists() and CensusSettings.path().read_text(encoding="utf-8") != wanted:
        return None
    census = Census.read()
    known = census.root.get(params.protocol, {})
    sized = [cell for cell in settings_of(params) if params.architecture[cell[1]].full_size is not None]
    return census if all(name in known.get(a, {}) for name, a in sized) else None


def table(params: Params, runs: dict[Cell, RunForecast]) -> str:
    """Memory and time of a run, a row a configuration."""
    labels = [label_of(params.architecture[a].label) for a in params.architectures]
    names = params.configurations + params.probes
    rows = [[name, *(_shown(runs[name, a]) for a in params.architectures)] for name in names]
    return tabulate(rows, ("a run", *labels), "simple")


def _shown(run: RunForecast) -> str:
    """What is known of it, or that nothing is."""
    known = []
    if run.memory_bytes is not None:
        known.append(gigabytes(run.memory_bytes))
    if run.seconds is not None:
        known.append(duration(run.seconds))
    return ", ".join(known) or "not known"
