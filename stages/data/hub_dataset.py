"""Read labelled reviews from a dataset on the hub at a pinned commit.

The snapshot's files are fetched first and read from the folder, so that what is read is that commit and nothing
else: given a name, `datasets` falls back without the network to whatever revision it loaded last.
"""

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
    from huggingface_hub import DatasetCard

    repository = repository_of(settings)
    folder = hub.fetch(repository, PATTERNS, lambda names: None)
    splits = _read(folder, str(repository))
    require_splits(splits, str(repository), "splits train and test")
    card = DatasetCard.load(folder / CARD).data if (folder / CARD).exists() else None
    licence = getattr(card, "license", None)
    origin = Origin(
        source="hub",
        name=settings.hub_id,
        revision=settings.revision,
        licence=", ".join(licence) if isinstance(licence, list) else licence,
        citation=f"https://huggingface.co/datasets/{settings.hub_id}",
    )
    return as_imdb(origin) if settings.hub_id == "stanfordnlp/imdb" else origin, splits


def repository_of(settings: HubData) -> hub.Repository:
    return hub.Repository("dataset", settings.hub_id, settings.revision)


def _read(folder: Path, where: str) -> Splits:
    import datasets  # a second to import, and local files do without

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # it logs what is raised, and we report that ourselves
    with TemporaryDirectory(prefix="hub-dataset-") as cache:
        try:
            loaded = datasets.load_dataset(str(folder), cache_dir=cache)
        except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
            raise InputError(f"{where}: cannot be read: {reason(error)}") from error
        names = {name: split for split, known in SPLITS.items() for name in known if name in loaded}
        for name, split in names.items():
            known_columns(loaded[name].column_names, REQUIRED[split], f"{where} {name}")
        tables = {split: loaded[name].with_format("arrow")[:] for name, split in names.items()}
        return {split: checked(tables[split], f"{where} {name}", split) for name, split in names.items()}
