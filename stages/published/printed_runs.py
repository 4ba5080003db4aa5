"""The runs that the published study printed: which are missing or in no table, whose memory has residue."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.fullsize.census import Census
from stages.published import printed as reported
from stages.published.reconciliation import CellName, LeftOut, ParameterCheck, Residue, ResidueCell


class PrintedTables(NamedTuple):
    """The published figures, as ``reported.py`` reads them."""

    runs: pd.DataFrame
    segments: pd.DataFrame
    table1: pd.DataFrame
    table3: pd.DataFrame


def read_printed() -> PrintedTables:
    return PrintedTables(reported.runs(), reported.segments(), reported.table1(), reported.table3())


def grid(runs: pd.DataFrame) -> list[tuple[str, str, int]]:
    """Every run that the published grid has: each architecture, configuration and seed that occurs."""
    axes = [list(dict.fromkeys(runs[name])) for name in ("architecture", "configuration", "seed")]
    return [(a, c, int(s)) for a in axes[0] for c in axes[1] for s in axes[2]]


def missing_runs(runs: pd.DataFrame) -> list[CellName]:
    """Runs of the grid that were not printed."""
    printed = set(zip(runs["architecture"], runs["configuration"], runs["seed"], strict=True))
    return [CellName(architecture=a, configuration=c, seed=s) for a, c, s in grid(runs) if (a, c, s) not in printed]


def left_out(published: PrintedTables) -> list[LeftOut]:
    """Printed runs that neither table shows."""
    first, third = published.table1, published.table3
    shown = set(zip(first["architecture"], first["configuration"], strict=True))
    shown |= {
        (a, c + end)
        for a, c in zip(third["architecture"], third["configuration"], strict=True)
        for end in ("", "-probe")
    }
    return [
        LeftOut(
            architecture=r["architecture"], configuration=r["configuration"], seed=r["seed"], accuracy=r["accuracy"]
        )
        for r in published.runs.to_dict("records")
        if (r["architecture"], r["configuration"]) not in shown
    ]


def residue(segments: pd.DataFrame) -> list[Residue]:
    """Runs that were not the first to train in their process."""
    ordered = segments.sort_values(["kernel", "cell"])
    before = ordered.groupby("kernel").cumcount()
    rows = ordered.assign(before=before).sort_index()
    return [
        Residue(
            **{key: r[key] for key in ("architecture", "configuration", "seed")},
            process=r["kernel"],
            runs_before=r["before"],
            peak_gb=r["peak_vram_gb"],
        )
        for r in rows[rows["first_training_run_in_kernel"] == 0].to_dict("records")
    ]


def residue_cells(published: PrintedTables) -> list[ResidueCell]:
    """Table I's memory cells."""
    cells = []
    for row in published.table1.to_dict("records"):
        a, c = row["architecture"], row["configuration"]
        runs = published.segments.query("architecture == @a and configuration == @c")
        clean = runs.loc[runs["first_training_run_in_kernel"] == 1, "peak_vram_gb"]
        mean = None if clean.empty else float(clean.mean())
        after = len(runs) - len(clean)
        cells.append(
            ResidueCell(id=f"I.{a}.{c}.vram_gb", runs=len(runs), after_others=after, printed=row["vram_gb"], clean=mean)
        )
    return cells


def parameters(runs: pd.DataFrame, census: Census) -> list[ParameterCheck]:
    """Each cell's printed count against the census, both in millions to two places."""
    counts = {
        (a, c): cell.trainable for a, row in census.root.get("as-published", {}).items() for c, cell in row.items()
    }
    printed = runs.dropna(subset="trainable_params_m").groupby(["architecture", "configuration"], sort=False)
    means = printed["trainable_params_m"].mean()
    return [
        ParameterCheck(
            architecture=a,
            configuration=c,
            printed=value,
            recomputed=counts[a, c],
            agrees=bool(np.isclose(round(counts[a, c] / 1e6, 2), value)),
        )
        for (a, c), value in means.items()
        if (a, c) in counts
    ]
