"""Models of many families, from tiny local checkpoints, by parameters alone: every stage, to the PDF, network off."""

import socket
from collections.abc import Iterable
from pathlib import Path

import pytest
from datasets import load_from_disk

from stages.training.record import Record
from tests.helpers.families import FAMILIES, LENGTH, TEXTS
from tests.helpers.own_data import KINDS
from tests.helpers.paper import needs_latex
from tests.helpers.tiny_study import write_params
from tests.helpers.whole_study import build, pdf_text

LORA = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "lora_dropout": 0.1}
CONFIGURATIONS = {
    "full": {"label": "All weights", "method": "full"},
    "head-only": {"label": "Head alone", "method": "subset", "parameters": []},
    "lora": {"label": "LoRA", "method": "peft", "target": "attention", "adapter": LORA},
    "qlora": {"label": "QLoRA", "method": "peft", "target": "attention", "quantization": "nf4", "adapter": LORA},
    "ia3": {
        "label": "IA3",
        "method": "peft",
        "target": "ia3",
        "adapter": {"peft_type": "IA3", "feedforward_modules": "ia3-feedforward"},
    },
}
QUICK = ["bert", "qwen2"]
pytestmark = needs_latex


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(self: socket.socket, address: object) -> None:
        raise AssertionError(f"the network was asked for: {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def paper_of(names: list[str], kind: str, configurations: Iterable[str] = CONFIGURATIONS) -> str:
    """The text of the PDF of a study of local checkpoints on a data set of that kind."""
    Path("own").mkdir()
    data = KINDS[kind].write(Path("own").absolute())
    source = {"source": "local", "path": str(data), "columns": KINDS[kind].columns, "seed": 1}
    for name in names:
        FAMILIES[name].write(Path("checkpoints", name), TEXTS)
    write_params(
        Path(),
        profile="mini",
        published="none",
        seeds=[42],
        architectures=names,
        configurations=list(configurations),
        probes=[],
        architecture={name: FAMILIES[name].entry() for name in names},
        configuration={name: CONFIGURATIONS[name] for name in configurations},
        **{
            "profiles.mini.description": "tiny checkpoints",
            "profiles.mini.data": source | ({} if data.is_dir() else {"test": 0.25}),
            "profiles.mini.base": {"source": "local", "path": "checkpoints"},
            "profiles.mini.tokenize.max_length": LENGTH,
            "profiles.mini.train.dropout": "torch",
        },
    )
    build()
    return pdf_text()


def check(names: list[str], text: str) -> None:
    """Each family is in the paper, and in each run all that is new trained and nothing else that should not."""
    for name in names:
        assert FAMILIES[name].name in text
        for configuration in CONFIGURATIONS:
            found = Record.read_from(Path("metrics/runs", name, configuration, "42.json")).parameters
            assert (found.new_but_frozen, found.trainable_but_dead) == (0, 0)
            assert found.head > 0
            is_adapter = configuration in ("lora", "qlora", "ia3")
            assert (found.adapter > 0) == is_adapter
            assert (found.trainable == found.head + found.adapter) == (configuration != "full")


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_an_encoder_and_a_decoder_to_their_papers(name, in_empty_folder):
    check([name], paper_of([name], "compressed"))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in QUICK])
def test_every_family_to_its_paper(name, in_empty_folder):
    check([name], paper_of([name], "compressed"))


@pytest.mark.slow
def test_families_side_by_side_on_pairs_of_texts(in_empty_folder):
    """BERT is told which text a token is of, XLM-R and Llama have no embedding of it."""
    names = ["bert", "xlm-r", "llama"]
    check(names, paper_of(names, "pairs"))
    columns = [load_from_disk(f"data/tokenized/{name}")["train"].column_names for name in names]
    assert ["token_type_ids" in found for found in columns] == [True, False, False]
