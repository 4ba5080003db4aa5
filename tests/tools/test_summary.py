import json
from pathlib import Path

import pytest

from stages import settings
from stages.core.errors import InputError
from tests.helpers.tiny_study import write_params
from tools import summary

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_prints_means_and_where_the_paper_is(capsys):
    write_params(Path(), architectures=["roberta"], configurations=["full", "ia3"], probes=[], seeds=[1])
    settings.main()
    cells = {
        "full": {"test_accuracy_mean": 0.87654, "test_accuracy_sd": 0.00123, "test_f1_macro_mean": 0.8},
        "ia3": {"test_accuracy_mean": 0.5, "test_accuracy_sd": None, "test_f1_macro_mean": 1 / 3},
    }
    Path("metrics").mkdir()
    Path("metrics/summary.json").write_text(json.dumps({"roberta": cells}), encoding="utf-8")
    Path("paper/site").mkdir(parents=True)
    Path("paper/main.pdf").write_bytes(b"%PDF")
    Path("paper/site/index.html").touch()
    capsys.readouterr()
    summary.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["mini-RoBERTa", "Full", "FT", "87.65", "±", "0.12", "80.00"]
    assert lines[3].split() == ["mini-RoBERTa", "IA3", "50.00", "33.33"]
    assert lines[-3] == "profile mini: generated film reviews, miniature encoders pretrained here; 2 runs"
    assert lines[-2] == f"page: {Path('paper/site/index.html').absolute()}"
    assert lines[-1] == f"paper: {Path('paper/main.pdf').absolute()}"


def test_with_a_cache_of_links_the_paper_has_the_name_that_it_has_here(tmp_path, capsys):
    """`dvc config cache.type symlink`: paper/main.pdf is a link to a file of the cache."""
    write_params(Path(), architectures=["roberta"], configurations=["full"], probes=[], seeds=[1])
    settings.main()
    summary.SUMMARY.parent.mkdir()
    summary.SUMMARY.write_text("{}", encoding="utf-8")
    cached = tmp_path / ".dvc/cache/files/md5/4a/b0"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"%PDF")
    summary.PAGE.parent.mkdir(parents=True)
    summary.PAGE.touch()
    summary.PDF.symlink_to(cached)
    capsys.readouterr()
    summary.main()
    assert capsys.readouterr().out.splitlines()[-1] == f"paper: {tmp_path}/paper/main.pdf"


def test_before_the_study_has_run():
    with pytest.raises(InputError, match=r"^metrics/summary\.json: not found; run `dvc repro`$"):
        summary.main()


@pytest.mark.parametrize("text", ["", "[]", '{"roberta": []}', '{"roberta": {"full": {}}}'])
def test_a_summary_that_is_damaged_is_named(text):
    write_params(Path(), architectures=["roberta"], configurations=["full"], probes=[], seeds=[1])
    settings.main()
    for path, content in ((summary.SUMMARY, text), (summary.PDF, "%PDF"), (summary.PAGE, "<html>")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as error:
        summary.main()
    assert str(error.value) == "metrics/summary.json: not as `collect` writes it; run `dvc repro -f collect`"
