from pathlib import Path

import pytest

from stages import tables
from stages.report.entries.build import build
from stages.report.numbers.ledger import Numbers
from stages.report.text.lint import check_table
from tests.helpers.tables import SMALL, make_results

EVERY = [
    "architectures",
    "bases",
    "claims",
    "configurations",
    "contradictions",
    "costs",
    "differences",
    "modules",
    "performance",
    "protocols",
    "reliability",
]
ALWAYS = [name for name in EVERY if name not in ("architectures", "bases", "differences", "modules")]


pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_every_numeral_is_linked_to_the_ledger():
    results = make_results()
    for name in EVERY:
        if name == "modules":
            continue  # names alone
        make = getattr(tables, name)
        Path("table.tex").write_text(make(results, build(results)), encoding="utf-8")
        check_table(Path("table.tex"))


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, EVERY),
        (SMALL, sorted([*ALWAYS, "differences", "modules"])),
        (SMALL | {"configurations": ["full"]}, ALWAYS),
    ],
)
def test_main_writes_the_tables_that_have_rows(changes, names):
    make_results(**changes)
    Path("paper/generated/tables").mkdir(parents=True)
    Path("paper/generated/tables/leftover.tex").touch()
    tables.main()
    assert sorted(path.stem for path in Path("paper/generated/tables").glob("*.tex")) == names
    assert all(number.text for number in Numbers.read_from(tables.NUMBERS).root.values())
