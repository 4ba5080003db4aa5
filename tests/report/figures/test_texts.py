import pytest

from stages.core.errors import InputError
from stages.report.figures import style
from stages.report.figures.texts import data, read_lengths
from tests.helpers.preparation import make_card
from tests.helpers.results import write_results
from tests.helpers.tables import SMALL

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_class_bars_show_the_counts():
    study = write_results(**SMALL)
    with style.applied():
        axes = data(make_card(), read_lengths(["distilbert"]), study).axes[0]
    counts = ["750", "250", "1,000"]
    assert [text.get_text() for text in axes.texts] == [*counts, "negative", *counts, "positive"]


def test_missing_token_lengths_are_named():
    with pytest.raises(InputError) as error:
        read_lengths(["distilbert"])
    assert str(error.value) == "data/tokenized/distilbert/train: not found; run `dvc repro tokenize@distilbert` first"
