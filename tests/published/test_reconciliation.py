import pytest

from stages.core.errors import InputError
from stages.published import contradictions
from stages.published.printed_runs import left_out, missing_runs, parameters, read_printed, residue, residue_cells
from stages.published.reconciliation import CellName, Reconciliation
from stages.published.reproduction import reproductions
from stages.study.params import load_params
from stages.study.resolve import resolve_study
from tests.helpers import planted
from tests.helpers.planted import full_study
from tests.helpers.tiny_study import ROOT

PUBLISHED = read_printed()


def test_every_contradiction_of_the_published_tables():
    found = [(c.id, c.printed, round(c.recomputed, 5), c.kind) for c in contradictions.find(PUBLISHED)]
    assert found == [
        ("I.distilbert.qlora-ffn.acc_pct", 87.14, 87.035, "not the mean"),
        ("I.distilbert.qlora-ffn.time_s", 993.4, 993.6, "not the mean"),
        ("I.distilbert.ia3.params_m", 0.06, 0.62, "another row"),
        ("I.distilbert.qlora-ffn-probe.params_m", 2.95, 1.62, "another row"),
        ("I.distilbert.qlora-ffn-probe.vram_gb", 3.45, 3.45575, "truncated"),
        ("I.roberta.lora-ffn-probe.vram_gb", 2.85, 2.75265, "not the mean"),
        ("I.deberta.full.vram_gb", 7.19, 7.19635, "truncated"),
        ("I.deberta.qlora-ffn.time_s", 2848.3, 2847.825, "not the mean"),
        ("III.distilbert.qlora-ffn.acc_1e-5_pct", 87.14, 87.035, "not the mean"),
        ("III.distilbert.qlora-ffn-probe.acc_2e-5_pct", 88.26, 88.32, "single seed"),
        ("I.distilbert.qlora-ffn.delta_acc_pct", -3.82, -3.885, "neither"),
        ("I.roberta.qlora-ffn.delta_acc_pct", -3.07, -2.88, "relative"),
        ("I.roberta.lora-ffn-probe.delta_acc_pct", -0.77, -0.72, "relative"),
        ("I.deberta.lora-r8.delta_acc_pct", -3.81, -3.625, "relative"),
        ("I.deberta.lora-ffn.delta_acc_pct", -1.81, -1.72, "relative"),
        ("I.deberta.qlora-ffn.delta_acc_pct", -1.9, -1.805, "relative"),
        ("I.deberta.ia3.delta_acc_pct", -42.03, -39.91, "relative"),
        ("I.deberta.qlora-ffn-probe.delta_acc_pct", -1.29, -1.235, "relative"),
        ("III.distilbert.qlora-ffn-probe.delta_pct", 1.12, 1.285, "derived"),
        ("III.distilbert.qlora-ffn-probe.acc_2e-5_pct.between", 88.26, 88.32, "between tables"),
    ]  # fmt: skip
    assert contradictions.counts(contradictions.find(PUBLISHED))["relative"] == 7


def test_a_corrected_table_is_not_contradicted_and_a_new_error_is_found():
    table = PUBLISHED.table1.copy()
    row = (table["architecture"] == "distilbert") & (table["configuration"] == "ia3")
    table.loc[row, ["params_m", "time_s"]] = [0.62, 600.0]
    found = {c.id for c in contradictions.find(PUBLISHED._replace(table1=table))}
    assert "I.distilbert.ia3.params_m" not in found
    assert "I.distilbert.ia3.time_s" in found


def test_cells_of_a_run_that_was_not_printed():
    found = {u.id: round(u.implied_missing, 4) for u in contradictions.unverifiable(PUBLISHED)}
    assert found == {
        "I.deberta.ia3.acc_pct": 52.58,
        "I.deberta.ia3.time_s": 1695.07,
        "I.deberta.ia3.vram_gb": 3.8033,
        "III.deberta.ia3.acc_1e-5_pct": 52.58,
    }
    assert missing_runs(PUBLISHED.runs) == [CellName(architecture="deberta", configuration="ia3", seed=42)]


def test_runs_that_no_table_shows():
    cells = {(run.architecture, run.configuration) for run in left_out(PUBLISHED)}
    assert cells == {(a, c) for a in ("distilbert", "roberta", "deberta") for c in ("lora-r16", "full-probe")}


def test_memory_after_other_runs_is_residue():
    found = residue(PUBLISHED.segments)
    assert len(found) == 50
    assert (found[0].architecture, found[0].seed, found[0].runs_before, found[0].peak_gb) == (
        "distilbert",
        43,
        1,
        2.406,
    )
    cells = {cell.id: cell for cell in residue_cells(PUBLISHED)}
    assert cells["I.deberta.qlora-ffn.vram_gb"].clean == 1.307
    assert cells["I.distilbert.lora-r8.vram_gb"].clean is None
    assert all(cell.after_others for cell in cells.values())


def test_parameters_against_the_census():
    census = planted.census({("roberta", "ia3"): 648_962, ("roberta", "full"): 124_000_000})
    found = {c.configuration: c.agrees for c in parameters(PUBLISHED.runs, census)}
    assert found == {"full": False, "ia3": True}


def test_faulty_files_are_named(tmp_path):
    path = tmp_path / "x.json"
    with pytest.raises(InputError, match="run `dvc repro reconcile` first"):
        Reconciliation.read_from(path)
    path.write_text("{}")
    with pytest.raises(
        InputError, match=r"x\.json: cells_checked: Field required \(and 9 more\); run `dvc repro -f reconcile`"
    ):
        Reconciliation.read_from(path)


def statistics(mean: float, half: float):
    """Only what ``reproductions`` reads."""
    from types import SimpleNamespace as Some

    interval = Some(low=mean - half, high=mean + half)
    cell = Some(architecture="roberta", configuration="full", mean=mean, interval=interval)
    return Some(accuracy=[cell], examples=24_678, confidence=0.95)


@pytest.mark.parametrize(
    ("mean", "half", "verdict"),
    [
        (0.940, 0.001, "reproduced"),
        (0.900, 0.001, "not reproduced"),
        (0.940, 0.02, "cannot be decided here"),
    ],
)
def test_published_against_reproduced(mean, half, verdict):
    [found] = reproductions(full_study(), PUBLISHED.runs, statistics(mean, half))
    assert (found.verdict, found.published) == (verdict, 93.9)


def test_only_a_comparable_profile_reproduces():
    small = resolve_study(load_params(ROOT / "params.yaml"))
    assert reproductions(small, PUBLISHED.runs, statistics(0.94, 0.001)) == []
    assert reproductions(full_study(lr=3e-5), PUBLISHED.runs, statistics(0.94, 0.001)) == []
