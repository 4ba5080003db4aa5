"""Records edited so that one published claim flips: what changes in the paper, and what does not."""

import json
import re
from pathlib import Path

import pytest

from stages import claims, collect, paper, tables
from stages.published.claims import Claims
from stages.report.numbers.latex import escape
from stages.report.numbers.ledger import Number
from stages.study.grid import StudySettings
from stages.training.record import Record
from stages.training.settings import Run
from tests.helpers.paper import prepare, untraced
from tests.helpers.records import confusion, with_confusion
from tests.helpers.statistics import make_statistics

GIB = 2**30
SCORES = {
    "full": 0.94,
    "lora-r8": 0.915,
    "lora-r16": 0.9155,
    "lora-ffn": 0.93,
    "qlora-ffn": 0.925,
    "ia3": 0.90,
    "full-probe": 0.941,
    "lora-ffn-probe": 0.935,
    "qlora-ffn-probe": 0.93,
    "ia3-probe": 0.905,
}
MEMORY = {"full": 4 * GIB, "lora": 5 * GIB, "qlora": GIB // 2, "ia3": 3 * GIB}
SECONDS = {"full": 100.0, "lora": 90.0, "qlora": 130.0, "ia3": 80.0}
# claim that holds of these records: the one cell of RoBERTa and the one measurement that refute it
FLIPS = {
    "qlora-retention": ("qlora-ffn", "test_accuracy", 0.90),
    "qlora-memory": ("qlora-ffn", "peak_memory_allocated_bytes", 2 * GIB),
    "rank": ("lora-r8", "test_accuracy", 0.9075),
    "learning-rate": ("ia3-probe", "test_accuracy", 0.89),
    "ceiling": ("lora-r8", "test_accuracy", 0.95),
    "qlora-time": ("qlora-ffn", "train_seconds", 160.0),
}


@pytest.fixture(autouse=True)
def _in_folder(in_empty_folder):
    prepare(profile="paper")
    for cell in StudySettings.read().runs:
        method = cell.configuration.split("-")[0]
        edit(cell, "test_accuracy", SCORES[cell.configuration] + 0.0005 * (cell.seed - 42))
        edit(cell, "peak_memory_allocated_bytes", MEMORY[method])
        edit(cell, "train_seconds", SECONDS[method])
        edit(cell, "device", "Example GPU")


def edit(cell: Run, key: str, value: object) -> None:
    if key == "test_accuracy":
        record = Record.read_from(cell.record_path)
        rows = [sum(row) for row in record.quality.confusion]
        with_confusion(record, confusion(value, rows)).write_to(cell.record_path)
        return
    record = json.loads(cell.record_path.read_text(encoding="utf-8"))
    section = {"device": "environment"}.get(key, "cost")
    assert key in record[section]
    record[section][key] = value
    cell.record_path.write_text(json.dumps(record), encoding="utf-8")


def recorded(cell: Run) -> float:
    return json.loads(cell.record_path.read_text(encoding="utf-8"))["quality"]["test_accuracy"]


class Report:
    """What the stages after training make of the records in the current folder."""

    def __init__(self) -> None:
        collect.main()
        make_statistics(StudySettings.read(), recorded, half_width=0.002).write()
        claims.main()
        tables.main()
        results = paper.read_results()
        ledger = paper.build(results)
        for kind in paper.FLOATS:
            ledger.note_printed(paper.GENERATED / kind / "numbers.json")
        text = paper.render(paper.TEMPLATE, paper.context(results, ledger))
        self.verdicts = {claim.id: claim.reproduced.verdict for claim in Claims.read_from(Claims.path()).claims}
        self.sentences = re.split(r"(?<=[.:;])\s+", " ".join(text.split()))
        rows = untraced(Path("paper/generated/tables/claims.tex").read_text(encoding="utf-8")).splitlines()
        quotations = {claim.id: untraced(escape(claim.quotation)) for claim in Claims.read().claims}
        self.here = {}  # the last cell of each claim's row, what this build's records say
        for claim, quotation in quotations.items():
            [row] = [row for row in rows if row.startswith(f"``{quotation}''")]
            self.here[claim] = row.removesuffix(r" \\").rpartition(" & ")[2]
        self.numbers: dict[str, Number] = {key: ledger.entries[key] for key in ledger.printed}


@pytest.mark.slow
def test_a_claim_that_flips_changes_its_sentence_verdict_and_row_and_nothing_unrelated():
    before = Report()
    assert {before.verdicts[claim] for claim in FLIPS} == {"holds"}
    for claim, (configuration, key, value) in FLIPS.items():
        cells = [c for c in StudySettings.read().runs if c.architecture == "roberta"]
        kept = {c: c.record_path.read_bytes() for c in cells if c.configuration == configuration}
        for cell in kept:
            edit(cell, key, value + 0.0005 * (cell.seed - 42) if key == "test_accuracy" else value)
        after = Report()
        flipped = {name for name in FLIPS if after.verdicts[name] != before.verdicts[name]}
        assert flipped == {claim}
        assert after.verdicts[claim] == "does not hold", claim
        decided = before.here[claim].partition(" of ")[2]
        assert before.here[claim] == f"holds ({int(decided[:-1])} of {decided}", claim
        assert re.fullmatch(rf"contradicted \(\d+ of {decided[:-1]}\)", after.here[claim]), claim
        count = {r.numbers["claims.here_hold"].value for r in (before, after)}
        assert len(count) == 2, claim
        changed = {k for k in before.numbers | after.numbers if differ(before.numbers.get(k), after.numbers.get(k))}
        assert changed, claim
        assert [k for k in changed if "distilbert" in k or "deberta" in k] == []
        elsewhere = set(after.sentences) ^ set(before.sentences)
        lone = r"\\named\{(DistilBERT|DeBERTa-v3)\}|^\\textit\{(DistilBERT|DeBERTa-v3)"
        assert [text for text in elsewhere if re.search(lone, text) and "RoBERTa" not in text] == []
        assert len(elsewhere) < 0.2 * len(before.sentences)
        for cell, content in kept.items():
            cell.record_path.write_bytes(content)


def differ(old: Number | None, new: Number | None) -> bool:
    return (old and old.text) != (new and new.text)
