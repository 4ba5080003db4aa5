from pathlib import Path

import pytest

from stages.encoders.base_report import BaseReport, ConvertedFrom
from tests.helpers.paper import SMALL, prepare, source, written
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


PACKAGE = {"source": "package", "name": "tiny-encoder", "version": "0.1.0", "path": "tiny_encoder/model"}
OF_A_PACKAGE = {**SMALL, "profiles.mini.base": PACKAGE, "published": "none"}


def test_a_checkpoint_of_a_package_is_named_with_licence_and_hash():
    text = source(**OF_A_PACKAGE).replace(r"\allowbreak{}", "")
    start = text.index("DistilBERT is a published checkpoint")
    assert text[start:].startswith(
        r"DistilBERT is a published checkpoint, \texttt{distilbert/distilbert-base-uncased}, of 22.71\,M parameters "
        r"(M: million), as the Python package \texttt{tiny\_encoder 0.1.0} carries it, under the licence apache-2.0; "
        r"the SHA-256 of its weights begins with \texttt{dddddddddddd}. Every file is checked against its hash, and "
        "no code of the package is run."
    )
    assert "DistilBERT: apache-2.0." in text  # the checklist
    assert "distilled from the self-attention" not in text
    assert "in bf16" not in text


def test_a_package_may_state_no_licence_and_a_study_no_published_name():
    prepare(**OF_A_PACKAGE, **{"architecture.distilbert.hub_id": None})
    BaseReport.read("distilbert").model_copy(update={"licence": None}).write("distilbert")
    text = written()
    assert r"DistilBERT is a published checkpoint of 22.71\,M parameters" in text
    assert r"\texttt{tiny\_encoder 0.1.0} carries it, under no stated licence; the SHA-256" in text
    assert "DistilBERT: no licence stated." in text


def test_a_converted_checkpoint_is_named_with_both_hashes():
    prepare(**SMALL)
    assert "pickle" not in written()
    converted = ConvertedFrom(file="pytorch_model.bin", sha256="a" * 64, revision=None)
    BaseReport.read("distilbert").model_copy(update={"converted_from": converted}).write("distilbert")
    assert (
        r"\textit{Checkpoints.} The weights of mini-DistilBERT (SHA-256 \texttt{aaaaaaaaaaaa} as published, "
        r"\texttt{dddddddddddd} as used) were converted from pickle to safetensors by a reader that runs no code, "
        r"every number as it was; of each hash the first digits are given. \textit{Parameters.}"
    ) in written().replace(r"\allowbreak{}", "")


def test_what_the_sentence_encoder_was_trained_for_and_the_precision_are_said():
    hub_id = "sentence-transformers/all-MiniLM-L6-v2"
    text = source(**OF_A_PACKAGE, **{"architecture.distilbert.hub_id": hub_id, "profiles.mini.train.precision": "bf16"})
    assert r"MiniLM~\cite{wang2020} is distilled from the self-attention of a larger encoder's last layer" in text
    assert "to tell which sentences belong together, on pairs of sentences and without labels of sentiment" in text
    assert "Matrix products are computed in bf16 under autocast" in text
