import csv

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core.csv_tables import read_table, write_table
from stages.core.free_text import plain

# What a reader of CSV files takes for a number, a truth value, a missing value, or a formula.
TEXTS = ["007", "1e5", "NA", "nan", "NULL", "None", "true", "1_000", "-1", "+1", "=1+1", "'quoted", "''", "@SUM(A1)"]
TEXTS += ['=HYPERLINK("http://x.example";"y")', "a,b", 'a"b', "a\nb", "-", "\t=1", "\u202e=1", "inf", "0x10", " =2"]


def is_text(name: str) -> bool:
    return name == "text"


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_out_as_it_went_in(text, tmp_path):
    write_table(tmp_path / "t.csv", pd.DataFrame({"text": [text, None], "number": [0.1 + 0.2, None]}))
    table = read_table(tmp_path / "t.csv", is_text)
    assert table["text"].iloc[0] == plain(text)
    assert table["text"].isna().tolist() == [False, True]
    assert table["number"].iloc[0] == 0.1 + 0.2


@pytest.mark.parametrize("text", TEXTS)
def test_no_cell_is_a_formula_to_a_spreadsheet(text, tmp_path):
    write_table(tmp_path / "t.csv", pd.DataFrame({"text": [text], "number": [-1.5]}))
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as stream:
        cell, number = list(csv.reader(stream))[1]
    assert cell[0] not in "=+-@\t\r"
    assert number == "-1.5"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=[])), min_size=1))
def test_any_texts(tmp_path, texts):
    write_table(tmp_path / "t.csv", pd.DataFrame({"text": pd.Series(texts, dtype=object), "row": range(len(texts))}))
    table = read_table(tmp_path / "t.csv", is_text)
    assert table["row"].tolist() == list(range(len(texts)))
    assert table["text"].fillna("").tolist() == [plain(text) for text in texts]
