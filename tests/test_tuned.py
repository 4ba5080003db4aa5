"""A study whose rates are tuned, trained for real and in one process, to the PDF."""

import pandas as pd
import pytest

from stages.analysis.runs import read_runs
from stages.analysis.statistics import Statistics
from stages.tuning.tuning import Tuning
from tests.helpers import whole_study
from tests.helpers.paper import needs_latex
from tests.helpers.tiny_study import write_params
from tests.test_end_to_end import TINY

pytestmark = [pytest.mark.slow, needs_latex]


def test_each_method_is_shown_at_its_best_rate_from_the_run_to_the_pdf(in_empty_folder):
    grid = {"configurations": ["full", "ia3"], "seeds": [42, 43], "rate_factors": [0.1, 10], "published": "none"}
    write_params(in_empty_folder, **TINY | grid)
    whole_study.build()
    runs, tuning = read_runs(), Tuning.read()
    assert runs["configuration"].tolist() == ["full", "full", "ia3", "ia3"]
    for row in runs.to_dict("records"):
        factor = tuning.factors["distilbert", row["configuration"]]
        assert row["rate_factor"] == factor
        name = row["configuration"] + ("" if factor == "1" else f"-x{factor}")
        predictions = pd.read_parquet(f"models/runs/distilbert/{name}/{row['seed']}/predictions.parquet")
        assert (predictions["label"] == predictions["prediction"]).mean() == pytest.approx(row["test_accuracy"])
    means = {entry.configuration: entry.mean for entry in Statistics.read().accuracy}
    for cell in tuning.cells:
        assert means[cell.configuration] == pytest.approx(cell.best.mean_test)
        assert cell.best.mean_validation == max(rate.mean_validation for rate in cell.rates)
    text = whole_study.pdf_text()
    assert "Of 2 choices," in text
    assert "0.1 and 10 times that rate, 3 rates in all" in text
