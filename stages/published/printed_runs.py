"""The runs that the published study printed: which are missing or in no table, whose memory has residue."""

from itertools import product

import numpy as np
import pandas as pd

from stages.fullsize.census import Census
from stages.published.evidence import rows_of
from stages.published.printed import PrintedTables
from stages.published.reconciliation import LeftOut, ParameterCheck, PublishedRun, Residue, ResidueCell
from stages.study.protocol import AS_PUBLISHED


def grid(runs: pd.DataFrame) -> list[tuple[str, str, int]]:
    """Every run that the published grid has: each architecture, configuration and seed that occurs."""
    return list(product(runs["architecture"].unique(), runs["configuration"].unique(), runs["seed"].unique().tolist()))


def missing_runs(runs: pd.DataFrame) -> list[PublishedRun]:
    """Runs of the grid that were not printed."""
    printed = set(zip(runs["architecture"], runs["configuration"], runs["seed"], strict=True))
    missing = []
    for architecture, configuration, seed in grid(runs):
        if (architecture, configuration, seed) not in printed:
            missing.append(PublishedRun(architecture=architecture, configuration=configuration, seed=seed))
    return missing


def left_out(printed: PrintedTables) -> list[LeftOut]:
    """Printed runs that neither table shows."""
    shown = set(zip(printed.table1["architecture"], printed.table1["configuration"], strict=True))
    for architecture, configuration in zip(
        printed.table3["architecture"], printed.table3["configuration"], strict=True
    ):
        shown |= {(architecture, configuration), (architecture, f"{configuration}-probe")}  # a row has both rates
    names = ["architecture", "configuration", "seed", "accuracy"]
    runs = printed.runs[names].to_dict("records")
    return [LeftOut(**run) for run in runs if (run["architecture"], run["configuration"]) not in shown]


def residue(segments: pd.DataFrame) -> list[Residue]:
    """Runs that were not the first to train in their process."""
    in_order = segments.sort_values(["kernel", "cell"])  # cells of the notebook
    runs_before = in_order.groupby("kernel").cumcount()
    rows = in_order.assign(runs_before=runs_before).sort_index()
    rows = rows[rows["first_training_run_in_kernel"] == 0]
    rows = rows.rename(columns={"kernel": "process", "peak_vram_gb": "peak_gb"})
    return [Residue(**row) for row in rows[list(Residue.model_fields)].to_dict("records")]


def residue_cells(printed: PrintedTables) -> list[ResidueCell]:
    """Table I's memory cells."""
    cells = []
    for row in printed.table1.to_dict("records"):
        architecture, configuration = row["architecture"], row["configuration"]
        runs = rows_of(printed.segments, architecture, configuration)
        clean = runs.loc[runs["first_training_run_in_kernel"] == 1, "peak_vram_gb"]
        cells.append(
            ResidueCell(
                id=f"I.{architecture}.{configuration}.vram_gb",
                runs=len(runs),
                after_others=len(runs) - len(clean),
                printed=row["vram_gb"],
                clean=None if clean.empty else float(clean.mean()),
            )
        )
    return cells


def parameters(runs: pd.DataFrame, census: Census) -> list[ParameterCheck]:
    """Each cell's printed count against the census, both in millions to two places."""
    counted = census.counted(AS_PUBLISHED)
    printed = runs.dropna(subset="trainable_params_m").groupby(["architecture", "configuration"], sort=False)
    checks = []
    for (architecture, configuration), millions in printed["trainable_params_m"].mean().items():
        cell = counted.get(architecture, {}).get(configuration)
        if cell is None:
            continue
        checks.append(
            ParameterCheck(
                architecture=architecture,
                configuration=configuration,
                printed=millions,
                recomputed=cell.trainable,
                agrees=bool(np.isclose(round(cell.trainable / 1e6, 2), millions)),
            )
        )
    return checks
