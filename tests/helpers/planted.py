"""Planted results in which every claim holds, to be changed one figure at a time: published runs, and ours."""

import math
from itertools import product

import pandas as pd

from stages.fullsize.census import Census, CensusCell, PredictedMemory
from stages.published.evidence_ours import OurEvidence, TestedAccuracies, WithInterval
from stages.published.evidence_printed import PrintedEvidence
from stages.published.printed import PrintedTables
from stages.study.grid import StudySettings
from stages.study.params import load_params
from stages.study.resolve import resolve_study
from tests.helpers.tiny_study import ROOT

ARCHITECTURES, SEEDS = ("distilbert", "roberta", "deberta"), (42, 43)
GIB = 2**30
ACCURACY = {"full": 0.945, "lora-r8": 0.930, "lora-r16": 0.931, "lora-ffn": 0.934, "qlora-ffn": 0.9315, "ia3": 0.930}
ACCURACY |= {"full-probe": 0.946, "lora-ffn-probe": 0.937, "qlora-ffn-probe": 0.9372, "ia3-probe": 0.934}
UNSTABLE = {("deberta", "ia3"): {"accuracy": 0.55, "jitter": 0.03}}  # a claim that others cannot hold with
FAST = {("*", "qlora-ffn"): {"seconds": 90.0}}  # another
Changes = dict[tuple[str, str], dict[str, object]]  # (architecture, or "*", configuration, or "*") -> values


def cells(changes: Changes) -> pd.DataFrame:
    """One row a run, in base units; ``half_width`` is that of the accuracy's and each difference's interval."""
    rows = []
    for architecture, name, seed in product(ARCHITECTURES, ACCURACY, SEEDS):
        full, qlora = name.startswith("full"), name.startswith("qlora")
        row = {
            "architecture": architecture,
            "configuration": name,
            "seed": seed,
            "accuracy": ACCURACY[name],
            "jitter": 0.0001,
            "half_width": 0.0004,
            "p": 0.001,
            "memory": 1.5 * GIB if qlora else 1.5 / 0.103 * GIB * (1 if full else 1.1),
            "seconds": 130.0 if qlora else 100.0,
            "parameters": 100_000_000 if full else 500_000,
            "device": "cuda",
            "fresh": True,
            "printed": True,
        }
        for (a, c), values in changes.items():
            if a in ("*", architecture) and c in ("*", name):
                row |= values
        rows.append(row)
    table = pd.DataFrame(rows)
    signs = table["seed"].map({42: -1, 43: 1})
    table["accuracy"] += signs * table["jitter"]
    return table


def published(changes: Changes) -> PrintedEvidence:
    """As ``stages/published/printed.py`` gives them; a run with ``printed`` False of seed 43 is left out."""
    table = cells(changes)
    table = table[table["printed"] | (table["seed"] == SEEDS[0])]
    columns = {"architecture", "configuration", "seed", "accuracy"}
    runs = table[sorted(columns)].assign(
        train_time_s=table["seconds"], trainable_params_m=table["parameters"] / 1e6, lr=_rates(table)
    )
    segments = table[sorted(columns - {"accuracy"})].assign(peak_vram_gb=table["memory"] / GIB, fresh=table["fresh"])
    return PrintedEvidence(_tables(runs, segments, changes))


def _tables(runs: pd.DataFrame, segments: pd.DataFrame, changes: Changes) -> PrintedTables:
    """With tables that print each cell as the runs have it, and the rows of each split that the claim names."""
    means = runs.groupby(["architecture", "configuration"], as_index=False).mean(numeric_only=True)
    cells = means[["architecture", "configuration"]].assign(
        params_m=means["trainable_params_m"], acc_pct=100 * means["accuracy"], time_s=means["train_time_s"]
    )
    if ("table", "*") in changes:
        cells = cells.assign(**changes["table", "*"])
    of_memory = segments.groupby(["architecture", "configuration"])["peak_vram_gb"].mean()
    memory = [of_memory[cell] for cell in zip(cells["architecture"], cells["configuration"], strict=True)]
    table1 = cells.assign(vram_gb=memory, delta_acc_pct=math.nan)
    runs = runs.merge(segments, on=["architecture", "configuration", "seed"])
    rows = changes.get(("texts", "*"), {}).get("rows", 25_000)
    texts = pd.DataFrame(product(ARCHITECTURES, ("train", "test")), columns=["architecture", "configuration"])
    none = table1.iloc[:0].assign(**{"acc_1e-5_pct": 0.0, "acc_2e-5_pct": 0.0, "delta_pct": 0.0})
    return PrintedTables(runs, segments, table1, none, texts.assign(rows=rows))


def reproduced(changes: Changes, study: StudySettings | None = None) -> OurEvidence:
    """Records of the full-size profile on a GPU, with their tests."""
    table = cells(changes)
    names = {"accuracy": "test_accuracy", "memory": "peak_memory_allocated_bytes", "seconds": "train_seconds"}
    runs = table.rename(columns={**names, "parameters": "trainable_parameters"}).assign(runs_at_once=1)
    runs = runs[runs["printed"]]
    return OurEvidence(study or full_study(), runs, _tested(table), published({}).runs)


def full_study(**changes: object) -> StudySettings:
    return resolve_study(load_params(ROOT / "params.yaml").model_copy(update={"profile": "paper"} | changes))


def _rates(table: pd.DataFrame) -> pd.Series:
    return table["configuration"].str.endswith("-probe").map({False: 1e-5, True: 2e-5})


def _tested(table: pd.DataFrame) -> TestedAccuracies:
    cells = table.groupby(["architecture", "configuration"])[["accuracy", "half_width", "p"]].mean()
    means, differences = {}, {}
    for (architecture, first), cell in cells.iterrows():
        means[architecture, first] = _with_interval(cell["accuracy"], cell["half_width"])
        for second, other in cells.loc[architecture].iterrows():
            value = other["accuracy"] - cell["accuracy"]
            half_width = max(cell["half_width"], other["half_width"])
            p = max(cell["p"], other["p"])
            differences[architecture, first, second] = _with_interval(value, half_width, p)
    return TestedAccuracies(means, differences)


def _with_interval(value: float, half_width: float, p: float | None = None) -> WithInterval:
    return WithInterval(value, value - half_width, value + half_width, p)


def census(trainable: dict[tuple[str, str], int]) -> Census:
    """Published counts by (architecture, configuration); nothing else in them is looked at."""
    grid: dict[str, dict[str, CensusCell]] = {}
    rest = dict.fromkeys(CensusCell.model_fields.keys() - {"trainable", "precision", "predicted_memory"}, 0)
    memory = PredictedMemory(**dict.fromkeys(PredictedMemory.model_fields, 0))
    for (architecture, configuration), count in trainable.items():
        cell = CensusCell(trainable=count, precision="fp32", predicted_memory=memory, **rest)
        grid.setdefault(architecture, {})[configuration] = cell
    return Census({"as-published": grid})
