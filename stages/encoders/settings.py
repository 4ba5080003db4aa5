"""What ``base`` and ``tokenize`` are told: an architecture, where its checkpoint comes from, how long a text may be."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stages.core.files import StageFile
from stages.core.types import Count, Fraction, Name, Rate, Revision, Seed, Strict

# Keywords of a transformers configuration class.
FullSize = dict[str, bool | int | float | str | list[str]]


def is_none(value: object) -> bool:
    """For a key that files of before lack: it is written where it says something."""
    return value is None


Modules = Annotated[list[str], Field(min_length=1)]


class Architecture(Strict):
    """One family of models: where its checkpoint is and which of its modules each placement of an adapter means.

    What is left out is found in the checkpoint (``tokenizer``, ``head``), or is not offered: no ``miniature``, no
    pretraining here; no ``full_size``, no line in the census. ``convert``: where the checkpoint has a pickle alone, its
    weights are made safetensors, by an unpickler that makes tensors and nothing else; left out, a pickle is refused.
    """

    label: str
    model_class: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+ForSequenceClassification$")]
    hub_id: str | None = None
    revision: Revision | None = None
    convert: Literal["weights_only"] | None = Field(default=None, exclude_if=is_none)
    tokenizer: Literal["wordpiece", "byte-bpe", "unigram"] | None = None
    pad_token: str | None = None  # of the tokenizer's vocabulary; for a tokenizer without a padding token of its own
    head: Modules | None = None
    head_as_published_quantized: Modules | None = None
    modules: dict[Name, Modules] = Field(default_factory=dict)  # by placement; matched by suffix, as peft does
    miniature: dict[str, int | float] | None = None
    full_size: FullSize | None = None


class PretrainedBase(Strict):
    """A miniature encoder pretrained by the ``base`` stage; ``steps: 0`` keeps it at random.

    ``mlm_first``: the share of the steps in which masked LM is learnt alone, ahead of ratings; older records lack it.
    """

    source: Literal["pretrain"]
    vocab_size: Annotated[int, Field(ge=300, le=10_000_000)]
    steps: Annotated[int, Field(ge=0, le=100_000_000)]
    batch_size: Count
    learning_rate: Rate
    mlm_weight: Annotated[float, Field(ge=0, le=1)]
    mlm_first: Fraction = 0.0
    seed: Seed


class LocalBase(Strict):
    """A checkpoint folder a subfolder per architecture, laid out as on the hub."""

    source: Literal["local"]
    path: str


class HubBase(Strict):
    """The architecture's ``hub_id`` at its ``revision``."""

    source: Literal["hub"]


def _inside(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or str(path) != value or value == ".":
        raise ValueError(f"{value!r}: allowed: a folder of the package, such as its_name/model")
    return value


Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class PackageBase(Strict):
    """A checkpoint in a folder of a Python package, which pip has installed; its code is not run.

    ``sha256``: hashes of its files by name, each else by the package's own RECORD.
    """

    source: Literal["package"]
    name: Annotated[str, Field(pattern="^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")]
    version: Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9.!+_-]*$")]
    path: Annotated[str, Field(min_length=1), AfterValidator(_inside)]
    sha256: dict[str, Sha256] = Field(default_factory=dict)

    @property
    def shown(self) -> str:
        return f"{self.name} {self.version}"


Base = PretrainedBase | LocalBase | HubBase | PackageBase
TruncationSide = Literal["left", "right"]  # as Transformers calls them: the beginning and the end of a text


class Tokenize(Strict):
    """``max_length`` counts tokens, special ones included; at ``truncation_side`` longer texts are cut.

    Of texts that end in what matters, as reviews do, ``left`` keeps more of it (Sun et al., CCL 2019, Section 5.3.1).
    """

    max_length: Annotated[int, Field(ge=8, le=1_000_000)]
    truncation_side: TruncationSide = "right"


class BaseSettings(StageFile, Strict):
    """For ``base@<architecture>``."""

    PLACE = "data/settings/base/{}.json"
    STAGE = "settings"

    architecture: str
    family: Architecture
    base: Annotated[Base, Field(discriminator="source")]
    max_length: int
    threads: int


class TokenizeSettings(StageFile, Strict):
    """For ``tokenize@<architecture>``."""

    PLACE = "data/settings/tokenize/{}.json"
    STAGE = "settings"

    architecture: str
    max_length: int
    truncation_side: TruncationSide = "right"
