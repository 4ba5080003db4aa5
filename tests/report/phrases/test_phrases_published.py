import re
from pathlib import Path

import pandas as pd
import pytest

from stages import paper
from stages.report.phrases.phrases import Phrases
from stages.report.phrases.phrases_published import PublishedPhrases
from tests.helpers.paper import SMALL, prepare, source, untraced, written

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_comparable_profile_is_set_against_the_published_accuracies():
    prepare(profile="paper", architectures=["distilbert"], configurations=["full", "ia3"], probes=[])
    text = written()
    assert r"\subsection{Published against Reproduced} Table~\ref{tab:reproduction} compares 2 accuracies" in text
    table = untraced(Path("paper/generated/tables/reproduction.tex").read_text(encoding="utf-8"))
    assert re.findall(r"^DistilBERT & .*", table, re.M) == [
        r"DistilBERT & Full FT & 90.92 & 90.03 & $-$0.90 & [$-$2.70, +0.91] & cannot be decided here \\",
        r"DistilBERT & IA3 & 81.45 & 80.33 & $-$1.12 & [$-$3.26, +1.02] & cannot be decided here \\",
    ]


def test_a_build_that_decides_nothing_says_so_in_one_sentence():
    """And has no column of verdicts that are all alike."""
    text = source(**SMALL)
    assert "This build decides none of the claims: its encoders, texts, and training are of another order" in text
    table = untraced(Path("paper/generated/tables/claims.tex").read_text(encoding="utf-8"))
    assert "cannot be decided" not in table + text
    assert "This build" not in table


def test_claims_are_quoted_with_place_rule_and_counts():
    prepare(**SMALL)
    table = untraced(Path("paper/generated/tables/claims.tex").read_text(encoding="utf-8"))
    rows = {line.split("''")[0].strip("` "): line for line in table.splitlines() if line.startswith("``")}
    assert len(rows) == 19
    assert rows["Achieved 97\u201399\\% of Full FT accuracy"].split(" & ")[1:] == [
        r"accuracy between 97\% and 99\% of that of full fine-tuning",
        "1 of 3",
        r"95.73 to 98.10\%",
        r"\textit{at the probe rate: 3 of 3}; at least 95\%: 3 of 3 \\",
    ]
    assert "'' (README, Key Results) & " in rows["Achieved 97\u201399\\% of Full FT accuracy"]
    assert r"competitive performance ($\geq$ 98\% of the Full FT accuracy)" in rows
    groups = [re.findall(r"itshape (.*?)\}", line)[0] for line in table.splitlines() if "itshape" in line]
    assert groups == ["Contradicted", "Depends on the reading", "Undecided", "Holds"]


def test_the_verdicts_add_up():
    prepare(**SMALL)
    entries = paper.build(paper.read_results()).entries
    counts = {key: int(entries[f"claims.{key}"].text) for key in ("count", "hold", "fail", "depends", "undecided")}
    assert counts == {"count": 19, "hold": 5, "fail": 8, "depends": 2, "undecided": 4}


def test_what_qlora_saves_beyond_lora_is_said_under_both_protocols():
    """Of full fine-tuning's peak, and no more is laid to recomputation than LoRA could save by it."""
    prepare(architectures=["distilbert"], configurations=["full", "lora-ffn", "qlora-ffn"], probes=[])
    results = paper.read_results()
    peaks = {"as-published": (1000, 600, 200), "corrected": (1000, 550, 400)}
    for protocol, values in peaks.items():
        cells = results.census.root[protocol]["distilbert"]
        for name, peak in zip(("full", "lora-ffn", "qlora-ffn"), values, strict=True):
            memory = cells[name].predicted_memory.model_copy(update={"peak": peak})
            cells[name] = cells[name].model_copy(update={"predicted_memory": memory})
    text = written(results)
    assert (
        r"Beyond LoRA at the same place it saves 40.0\,pp of full fine-tuning's peak as published, and 15.0\,pp" in text
    )
    assert "the rest of the saving" not in text


def test_what_left_memory_behind_is_named_by_method():
    """Not by one configuration where several fit about as well."""
    prepare(**SMALL)
    results = paper.read_results()
    columns = dict.fromkeys(results.processes.columns, 0)
    process = {**columns, "process": "D4", "architecture": "deberta", "unprinted": "lora-r8", "fitting": "lora ia3"}
    results = results._replace(processes=pd.DataFrame([process]))
    say = Phrases(results, paper.build(results))
    [supposed] = PublishedPhrases(say).supposed_runs
    assert untraced(supposed) == "LoRA or IA3 on DeBERTa-v3"
