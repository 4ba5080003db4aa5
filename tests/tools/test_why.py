from pathlib import Path

import pytest

from stages import collect
from stages.core.errors import InputError
from stages.report.entries.build import build
from stages.report.entries.inputs import read_results
from stages.report.tables.results import performance
from tests.helpers.results import judge_published_study, write_results
from tools import why

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def write_ledger() -> None:
    write_results(architectures=["distilbert"], configurations=["full", "ia3"], probes=[])
    collect.main()
    judge_published_study()
    ledger = build(read_results())
    performance(read_results(), ledger)
    why.NUMBERS.parent.mkdir(parents=True)
    ledger.write(why.NUMBERS)


def asked(number: str, capsys) -> str:
    capsys.readouterr()
    why.main(number)
    return capsys.readouterr().out


def test_a_key_gives_its_origin(capsys):
    write_ledger()
    lines = asked("distilbert.ia3.accuracy", capsys).splitlines()
    assert lines[0] == "80.33 %  [distilbert.ia3.accuracy]"
    assert lines[2:] == [
        "  source     metrics/summary.json: distilbert.ia3.test_accuracy_mean",
        "  made by    dvc repro collect",
        "  records    metrics/runs/distilbert/ia3/42.json, metrics/runs/distilbert/ia3/43.json",
        "  parameters data/settings/runs/distilbert/ia3.json",
    ]
    assert float(lines[1].removeprefix("  value")) == pytest.approx(0.8032, abs=1e-3)


@pytest.mark.parametrize("number", ["80.33", "80.33%", "80.33 %", "+80.33"])
def test_a_printed_number_gives_all_its_entries(number, capsys):
    write_ledger()
    assert "[distilbert.ia3.accuracy]" in asked(number, capsys)


def test_a_number_asked_for_without_its_sign_or_as_a_part(capsys):
    write_ledger()
    assert "-9.70 pp  [distilbert.ia3.vs.full.difference]" in asked("9.70", capsys)
    assert why.parts("2.5e-3") == {"2.5", "10", "3"}
    assert why.parts("3.11.7") == {"3.11.7"}


def test_a_number_that_no_stage_makes_comes_from_git(capsys):
    write_ledger()
    numbers = why.Numbers.read_from(why.NUMBERS).root
    entry = next(iter(numbers.values())).model_copy(update={"command": None, "source": "data/reported/runs.csv"})
    assert "made by    nothing, it is kept in git: git checkout -- data/reported/runs.csv" in why.describe("k", entry)


def test_the_beginning_of_a_key_gives_what_is_under_it(capsys):
    write_ledger()
    assert asked("distilbert.full", capsys).count("made by") == 5


def test_unknown_number_and_missing_ledger_are_named():
    write_ledger()
    with pytest.raises(InputError, match=r"^'93\.15': not a number or key in paper/generated/numbers\.json; keys look"):
        why.main("93.15")
    Path(why.NUMBERS).unlink()
    with pytest.raises(InputError, match=r"^paper/generated/numbers\.json: not found; run `dvc repro paper` first$"):
        why.main("93.15")
