from stages.published.printed import read_printed
from stages.published.printed_runs import left_out, missing_runs, parameters, residue, residue_cells
from stages.published.reconciliation import PublishedRun
from tests.helpers import planted

PRINTED = read_printed()


def test_the_run_that_was_not_printed():
    assert missing_runs(PRINTED.runs) == [PublishedRun(architecture="deberta", configuration="ia3", seed=42)]


def test_runs_that_no_table_shows():
    cells = {(run.architecture, run.configuration) for run in left_out(PRINTED)}
    assert cells == {(a, c) for a in ("distilbert", "roberta", "deberta") for c in ("lora-r16", "full-probe")}


def test_memory_after_other_runs_is_residue():
    found = residue(PRINTED.segments)
    assert len(found) == 50
    assert (found[0].architecture, found[0].seed, found[0].runs_before, found[0].peak_gb) == (
        "distilbert",
        43,
        1,
        2.406,
    )
    cells = {cell.id: cell for cell in residue_cells(PRINTED)}
    assert cells["I.deberta.qlora-ffn.vram_gb"].clean == 1.307
    assert cells["I.distilbert.lora-r8.vram_gb"].clean is None
    assert all(cell.after_others for cell in cells.values())


def test_parameters_against_the_census():
    census = planted.census({("roberta", "ia3"): 648_962, ("roberta", "full"): 124_000_000})
    found = {c.configuration: c.agrees for c in parameters(PRINTED.runs, census)}
    assert found == {"full": False, "ia3": True}
