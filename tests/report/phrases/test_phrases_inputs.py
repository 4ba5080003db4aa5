from pathlib import Path

import pytest

from tests.helpers.paper import SMALL, prepare, written
from tests.helpers.preparation import make_card

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_real_data_is_described_from_its_card():
    prepare(**SMALL)
    card = make_card(source="local", name="reviews_2", licence=None, ceiling_accuracy=None, validation_from="train")
    Path("data/raw/card.json").write_text(card.model_dump_json(), encoding="utf-8")
    text = written()
    assert (
        r"The data are those of \textit{reviews\_2}, read from local files; licence: not stated by the source." in text
    )
    assert "grammar" not in text
