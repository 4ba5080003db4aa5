import math

import pytest

from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.producers import Producers
from stages.report.numbers.units import COUNT, DIFFERENCE, PERCENT, SECONDS
from stages.report.site.number_index import number_index
from stages.report.site.shown import NOTHING, Printer, Shown
from tests.helpers.tiny_study import ROOT


def ledger() -> Ledger:
    made = Ledger(Producers(ROOT / "dvc.yaml"))
    made.add("a.b_c", 0.87475, PERCENT, Source("metrics/summary.json", "x", ("metrics/runs/a/b/42.json",)))
    made.add("version.torch", "2.13.0-rc1", COUNT, Source("metrics/runs.csv", "version_torch"))
    return made


def test_a_number_is_shown_as_the_ledger_has_it():
    assert Printer(ledger()).show(0.87475, PERCENT, "a.b_c") == Shown("87.48%", 0.87475, "a.b_c")


def test_a_number_without_an_entry_is_shown_in_the_same_form():
    assert Printer(None).show(0.87475, PERCENT, "a.b_c") == Shown("87.48%", 0.87475)
    assert Printer(ledger()).show(-0.005, DIFFERENCE, "none") == Shown("\N{MINUS SIGN}0.50 pp", -0.005)
    assert Printer(None).show(4.26, SECONDS).text == "4.3 s"
    assert Printer(None).p(0.00004).text == "<0.0001"


def test_what_the_page_alone_shows_is_entered_with_its_source():
    printer = Printer(ledger(), Ledger(Producers(ROOT / "dvc.yaml")))
    source = Source("metrics/statistics.json", "comparisons where a, b, c: difference", ("metrics/runs/a/b/42.json",))
    assert printer.show(0.01, DIFFERENCE, "a.c.vs.b", source) == Shown("+1.00 pp", 0.01, "a.c.vs.b")
    assert printer.p(0.0123, "a.c.vs.b.p", source) == Shown("0.012", 0.0123, "a.c.vs.b.p")
    assert printer.show(0.87475, PERCENT, "a.b_c", source).key == "a.b_c"  # which the report has: not again
    assert list(printer.own.entries) == ["a.c.vs.b", "a.c.vs.b.p"]
    entry = printer.own.entries["a.c.vs.b"]
    assert (entry.value, entry.source, entry.command) == (0.01, source.file, "dvc repro statistics")
    assert printer.shown == {"a.c.vs.b", "a.c.vs.b.p", "a.b_c"}


def test_one_key_of_two_numbers_is_refused():
    printer = Printer(ledger(), Ledger(Producers(ROOT / "dvc.yaml")))
    source = Source("metrics/statistics.json", "x")
    printer.show(0.8, PERCENT, "a.c", source)
    printer.show(0.8, PERCENT, "a.c", source)
    with pytest.raises(AssertionError, match=r"^a\.c: 0\.9 here, 0\.8 there$"):
        printer.show(0.9, PERCENT, "a.c", source)


@pytest.mark.parametrize("value", [None, math.nan])
def test_what_was_not_measured_is_a_dash(value):
    assert Printer(None).show(value, PERCENT) == NOTHING
    assert NOTHING.sort == ""


def test_search_finds_numbers_by_the_name_that_a_link_has():
    found = number_index(ledger(), Ledger(Producers(ROOT / "dvc.yaml")), {"a.b_c"})
    assert found["numbers"]["a.b-c"]["key"] == "a.b_c"
    assert [entry["onPage"] for entry in found["numbers"].values()] == [True, False]
    assert found["numbers"]["a.b-c"]["command"] == "dvc repro collect"
    assert found["files"][found["numbers"]["a.b-c"]["records"]] == ["metrics/runs/a/b/42.json"]
    assert found["numbers"]["version.torch"]["shown"] == "2.13.0-rc1"


def test_two_keys_that_are_one_name_in_a_link_are_refused():
    twice = Ledger(Producers(ROOT / "dvc.yaml"))
    twice.add("a.b-c", 1, COUNT, Source("metrics/runs.csv", "x"))
    with pytest.raises(ValueError, match=r"^a\.b-c and a\.b_c: one name in a link$"):
        number_index(ledger(), twice, set())
