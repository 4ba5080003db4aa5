import shutil

import pytest

from stages import claims, collect, reconcile
from stages.lib.census import CENSUS
from stages.lib.claims import load_claims, read_claims
from stages.lib.jsonfile import write_json
from stages.lib.reconciliation import read_reconciliation
from tests import planted
from tests.fixtures import write_results
from tests.tiny_study import ROOT


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("data/reported", "stages/lib"):
        shutil.copytree(ROOT / name, name, ignore=shutil.ignore_patterns("*.py", "__pycache__"))


def test_both_files_of_a_small_scale_build(capsys):
    write_results()
    collect.main()
    write_json(planted.census({("roberta", "full"): 124_647_170}), CENSUS)
    reconcile.main()
    claims.main()
    found = read_claims()
    assert [claim.id for claim in found.claims] == list(load_claims())
    assert {claim.reproduced.verdict for claim in found.claims} == {"cannot be decided here"}
    assert {claim.reproduced.observation for claim in found.claims} > {"cannot be decided here"}
    by_id = {claim.id: claim for claim in found.claims}
    assert by_id["deberta-memory"].published.verdict == "does not hold"
    assert "I.distilbert.qlora-ffn.acc_pct" in by_id["qlora-retention"].contradicted_cells
    reconciliation = read_reconciliation()
    assert [check.agrees for check in reconciliation.parameters] == [True]
    assert reconciliation.reproductions == []
    out = capsys.readouterr().out
    assert "20 of 110 recomputed cells contradicted; 50 runs with residue" in out
    assert "13 claims in metrics/claims.json; refuted by the published figures: qlora-retention, qlora-memory" in out
