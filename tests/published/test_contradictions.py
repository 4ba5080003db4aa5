from stages.published import contradictions
from stages.published.printed import read_printed

PRINTED = read_printed()


def test_every_contradiction_of_the_published_tables():
    found = [(c.id, c.printed, round(c.recomputed, 5), c.kind) for c in contradictions.find(PRINTED)]
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
    ]  # fmt: skip
    assert contradictions.counts(contradictions.find(PRINTED))["relative"] == 7


def test_a_cell_is_contradicted_once():
    """One of them by its own runs and by the other table: nineteen cells, not twenty."""
    ids = [contradiction.id for contradiction in contradictions.find(PRINTED)]
    assert (len(ids), len(set(ids))) == (19, 19)


def test_tables_that_disagree_are_told_where_the_runs_do_not():
    table = PRINTED.table1.copy()
    row = (table["architecture"] == "deberta") & (table["configuration"] == "qlora-ffn-probe")
    table.loc[row, "acc_pct"] = 93.71  # half of the last place below the mean of the runs, as 93.72 is above
    found = {c.id: c.kind for c in contradictions.find(PRINTED._replace(table1=table))}
    assert found["III.deberta.qlora-ffn-probe.acc_2e-5_pct"] == "between tables"


def test_a_corrected_table_is_not_contradicted_and_a_new_error_is_found():
    table = PRINTED.table1.copy()
    row = (table["architecture"] == "distilbert") & (table["configuration"] == "ia3")
    table.loc[row, ["params_m", "time_s"]] = [0.62, 600.0]
    found = {c.id for c in contradictions.find(PRINTED._replace(table1=table))}
    assert "I.distilbert.ia3.params_m" not in found
    assert "I.distilbert.ia3.time_s" in found


def test_cells_of_a_run_that_was_not_printed():
    found = {u.id: round(u.implied_missing, 4) for u in contradictions.unverifiable(PRINTED)}
    assert found == {
        "I.deberta.ia3.acc_pct": 52.58,
        "I.deberta.ia3.time_s": 1695.07,
        "I.deberta.ia3.vram_gb": 3.8033,
        "III.deberta.ia3.acc_1e-5_pct": 52.58,
    }
