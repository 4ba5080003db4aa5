import json

import pytest
from huggingface_hub import ModelCard

from stages.saved.model_card import cell
from stages.training.record import Record
from stages.training.settings import RunSettings
from tests.helpers.tiny_runs import model_path, run
from tests.helpers.tiny_study import write_study

pytestmark = pytest.mark.usefixtures("in_empty_folder")
ODD = ['a "quoted" name', "naïve ✓ 中文", "---", "back\\slash | `code` ``` </b>"]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_a_card_has_the_records_figures():
    write_study("roberta", ODD)
    record = run("roberta", "qlora-ffn")
    card = ModelCard.load(model_path("roberta", "qlora-ffn") / "README.md")
    metadata = card.data
    assert (metadata.library_name, metadata.pipeline_tag, metadata.tags) == (
        "peft",
        "text-classification",
        ["lora-nf4"],
    )
    assert metadata.model_name == "roberta qlora-ffn, seed 42"
    found = {result.metric_type: (result.metric_value, result.dataset_split) for result in metadata.eval_results}
    quality = record.quality
    assert found == {
        "accuracy": (quality.test_accuracy, "test"),
        "f1": (quality.test_f1_macro, "test"),
        "loss": (quality.test_loss, "test"),
    }
    assert f"\n    {json.dumps(ODD, ensure_ascii=False)}\n" in card.text
    assert f"| SHA-256 of the weights | {quality.weights_sha256} |" in card.text
    assert "| adapter.r | 16 |" in card.text
    assert "a `RobertaForSequenceClassification` from the study's own base model `roberta`" in card.text.replace(
        "A `", "a `"
    )


@pytest.mark.parametrize("configuration", ["full", "ia3"])
def test_only_a_base_on_the_hub_is_metadata(configuration):
    write_study("distilbert")
    run("distilbert", configuration)
    path = model_path("distilbert", configuration) / "README.md"
    assert "base_model" not in ModelCard.load(path).data.to_dict()
    settings = RunSettings.read("distilbert", configuration)
    changes = {"checkpoint_hub_id": "distilbert/distilbert-base-uncased", "checkpoint_revision": COMMIT}
    changes |= {"data_hub_id": "stanfordnlp/imdb", "data_revision": COMMIT}
    settings.model_copy(update=changes).write("distilbert", configuration)
    run("distilbert", configuration)
    card = ModelCard.load(path)
    assert card.data.base_model == "distilbert/distilbert-base-uncased"
    assert card.data.datasets == "stanfordnlp/imdb"
    assert {(r.dataset_type, r.dataset_revision) for r in card.data.eval_results} == {("stanfordnlp/imdb", COMMIT)}
    assert f"from `distilbert/distilbert-base-uncased` at commit `{COMMIT}`" in card.text


def test_a_card_has_no_word_of_where_and_when():
    write_study("distilbert")
    record = run("distilbert", "full")
    text = (model_path("distilbert", "full") / "README.md").read_text(encoding="utf-8")
    environment = record.environment
    for word in (environment.platform, environment.processor, environment.commit, record.run.started_at[:10]):
        assert word is None or word not in text


def test_an_older_record_has_no_reload_section():
    write_study("distilbert")
    run("distilbert", "full")
    path = Record.path("distilbert", "full", 42)
    record = json.loads(path.read_text(encoding="utf-8"))
    del record["reload"]
    for key in ("checkpoint_hub_id", "data_hub_id", "data_revision"):
        del record["run"]["settings"][key]
    path.write_text(json.dumps(record), encoding="utf-8")
    assert Record.read("distilbert", "full", 42).reload is None


def test_a_cell_of_a_table_stays_one():
    assert cell("a|b\n`c` *d*") == "a\\|b \\`c\\` \\*d\\*"
    assert cell(["x", "y_z"]) == '\\["x", "y\\_z"\\]'
    assert cell(3) == "3"
