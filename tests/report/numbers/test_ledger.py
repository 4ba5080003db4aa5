from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.report.numbers.ledger import Ledger, MissingNumberError, Numbers, Source, anchor
from stages.report.numbers.producers import Producers
from stages.report.numbers.units import COUNT, DIFFERENCE, PERCENT
from tests.helpers.tiny_study import ROOT

SUMMARY = Source("metrics/summary.json", "x.y", ("metrics/runs/a/b/1.json",), ("data/settings/runs/a/b.json",))


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(Producers(ROOT / "dvc.yaml"))


def test_entry_says_where_it_comes_from(ledger):
    ledger.add("a", 0.5, PERCENT, SUMMARY)
    assert ledger.entries["a"].model_dump() == {
        "value": 0.5,
        "text": "50.00",
        "unit": "%",
        "source": "metrics/summary.json",
        "source_key": "x.y",
        "stage": "collect",
        "command": "dvc repro collect",
        "records": ["metrics/runs/a/b/1.json"],
        "parameters": ["data/settings/runs/a/b.json"],
    }


def test_printing_links_and_notes_use(ledger):
    ledger.add("a.b_c", 0.5, PERCENT, SUMMARY)
    ledger.add("d", -0.01, DIFFERENCE, SUMMARY)
    ledger.add("e", 7, COUNT, SUMMARY, optional=True)
    assert ledger.number("a.b_c") == r"\traced{a.b-c}{50.00\%}"
    assert list(ledger.never_printed()) == ["d"]
    assert ledger.never_printed()["d"].startswith("tests/report/numbers/test_ledger.py:")
    assert ledger.numeral("d") == r"\traced{d}{$-$1.00}"
    assert ledger.never_printed() == {}


def test_what_was_not_measured_is_a_dash(ledger):
    ledger.add("absent", float("nan"), PERCENT, SUMMARY)
    ledger.add("none", None, PERCENT, SUMMARY)
    assert not ledger.has("absent")
    assert ledger.numeral("absent") == ledger.numeral("none") == "--"
    with pytest.raises(MissingNumberError, match=r"^this grid has no number absent$"):
        ledger.number("absent")


def test_mean_and_deviation(ledger):
    ledger.add("m", 0.9002, PERCENT, SUMMARY)
    ledger.add("s", 0.0018, PERCENT, SUMMARY)
    assert ledger.with_deviation("m", "s") == r"\traced{m}{90.02}\,\textpm\,\traced{s}{0.18}"
    assert ledger.with_deviation("m", "absent") == r"\traced{m}{90.02}\,\textpm\,--"


@pytest.mark.parametrize(
    ("value", "printed"), [(0.00004, "$<$0.0001"), (0.0007, "0.0007"), (0.04999, "0.050"), (1.0, "1.000")]
)
def test_p_values(ledger, value, printed):
    ledger.add_p("p", value, SUMMARY)
    assert ledger.numeral("p") == rf"\traced{{p}}{{{printed}}}"


def test_only_printed_numbers_are_written_and_read_back(ledger, tmp_path):
    ledger.add("a", 0.5, PERCENT, SUMMARY)
    ledger.add("b", 0.6, PERCENT, SUMMARY)
    ledger.number("a")
    ledger.write(tmp_path / "numbers.json")
    assert Numbers.read_from(tmp_path / "numbers.json").root == {"a": ledger.entries["a"]}
    other = Ledger(Producers(ROOT / "dvc.yaml"))
    other.note_printed(tmp_path / "numbers.json")
    assert other.printed == {"a"}


def test_unreadable_ledgers_are_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.json: not found; run `dvc repro paper` first$"):
        Numbers.read_from(tmp_path / "none.json")
    Path(tmp_path, "bad.json").write_text('{"a": {}}', encoding="utf-8")
    with pytest.raises(
        InputError, match=r"bad\.json: a\.value: Field required \(and 8 more\); run `dvc repro -f paper`$"
    ):
        Numbers.read_from(tmp_path / "bad.json")


def test_anchor_has_no_underscore():
    assert anchor("a.b_c") == "a.b-c"


def test_a_key_that_no_grid_has_is_misspelt_and_one_that_another_has_is_missing():
    ledger = Ledger(Producers(ROOT / "dvc.yaml"), names=["roberta", "full"])
    for ask in (ledger.has, ledger.number, ledger.numeral, ledger.as_printed):
        for misspelt in ("roberta.full.acuracy", "roberta.ful.accuracy", "memory.proceses_error", "cost.memory"):
            with pytest.raises(KeyError):
                ask(misspelt)
    assert not ledger.has("roberta.full.accuracy")
    assert ledger.numeral("roberta.full.accuracy") == "--"
    for ask in (ledger.number, ledger.as_printed):
        with pytest.raises(MissingNumberError):
            ask("memory.explained_error")


def test_a_number_of_no_known_form_is_not_entered():
    ledger = Ledger(Producers(ROOT / "dvc.yaml"), names=["roberta", "full"])
    with pytest.raises(AssertionError, match=r"^roberta\.full\.acuracy: of no form in stages/report/numbers/keys\.py"):
        ledger.add("roberta.full.acuracy", 0.5, PERCENT, SUMMARY)
