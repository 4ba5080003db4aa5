"""Read labelled reviews from a dataset on the hub at a pinned commit.

The snapshot's files are fetched first and read from the folder, so that what is read is that commit and nothing
else: given a name, `datasets` falls back without the network to whatever revision it loaded last.
"""

from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory

from stages.core.errors import InputError
from stages.data.card import Origin, Splits, as_imdb
from stages.data.checks import REQUIRED, SPLITS, checked, known_columns, reason, require_splits
from stages.data.settings import HubData
from stages.hub import client as hub

CARD = "README.md"  # its YAML head says which files are which split
# No code, no pickles.
PATTERNS = (CARD, "*.parquet", "*.csv", "*.csv.gz", "*.tsv", "*.json", "*.json.gz", "*.jsonl", "*.jsonl.gz", "*.arrow")


def load_hub(settings: HubData) -> tuple[Origin, Splits]:
    """Origin and splits, every row checked.

    Raises:
        InputError: the dataset cannot be had, or not be used.
    """
    repository = repository_of(settings)
    folder = hub.fetch(repository, PATTERNS, lambda names: None)
    splits = _read(folder, str(repository))
    require_splits(splits, str(repository), "splits train and test")
    origin = Origin(
        source="hub",
        name=settings.hub_id,
        revision=settings.revision,
        licence=_licence(folder / CARD),
        citation=f"https://huggingface.co/datasets/{settings.hub_id}",
    )
    return as_imdb(origin) if settings.hub_id == "stanfordnlp/imdb" else origin, splits


def repository_of(settings: HubData) -> hub.Repository:
    return hub.Repository("dataset", settings.hub_id, settings.revision)


def _licence(card: Path) -> str | None:
    from huggingface_hub import DatasetCard

    if not card.exists():
        return None
    licence = getattr(DatasetCard.load(card).data, "license", None)
    return ", ".join(licence) if isinstance(licence, list) else licence


def _read(folder: Path, source: str) -> Splits:
    import datasets  # a second to import, and local files do without

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # it logs what is raised, and we report that ourselves
    with TemporaryDirectory(prefix="hub-dataset-") as cache:
        try:
            loaded = datasets.load_dataset(str(folder), cache_dir=cache)
        except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
            raise InputError(f"{source}: cannot be read: {reason(error)}") from error
        names = _names_of_splits(loaded)
        for name, split in names.items():
            known_columns(loaded[name].column_names, REQUIRED[split], f"{source} {name}")
        splits = {}
        for name, split in names.items():
            table = loaded[name].with_format("arrow")[:]
            splits[split] = checked(table, f"{source} {name}", split)
        return splits


def _names_of_splits(loaded: Collection[str]) -> dict[str, str]:
    """The names of the dataset's splits that mean something here, each with the split that it is."""
    names = {}
    for split, known in SPLITS.items():
        names |= {name: split for name in known if name in loaded}
    return names
