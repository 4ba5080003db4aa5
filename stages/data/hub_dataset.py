"""A data set on the hub at a pinned commit, and what a data set's README says of it, on the hub or in a folder.

The snapshot's files are fetched first and read from the folder, so that what is read is that commit and nothing
else: given a name, `datasets` falls back without the network to whatever revision it loaded last.
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import NamedTuple

from stages.core.errors import InputError
from stages.data.checks import reason
from stages.data.settings import HubData, is_line
from stages.hub import client as hub

README = "README.md"  # its YAML head says which files are which split
# No code, no pickles.
PATTERNS = (
    README,
    *("*.parquet", "*.arrow", "*.csv", "*.csv.gz", "*.tsv", "*.tsv.gz", "*.json", "*.json.gz", "*.jsonl", "*.jsonl.gz"),
)
LANGUAGES = {  # the hub has codes, the paper says names; a code that is not here stays
    **{"ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "cs": "Czech", "da": "Danish", "de": "German"},
    **{"el": "Greek", "en": "English", "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French"},
    **{"he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese"},
    **{"ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian"},
    **{"ru": "Russian", "sv": "Swedish", "sw": "Swahili", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian"},
    **{"ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese"},
}


class Readme(NamedTuple):
    """What a data set says of itself, as far as it does."""

    name: str | None = None
    licence: str | None = None
    language: str | None = None
    files: dict[str, list[Path]] | None = None  # by the data set's own names of splits
    class_names: Mapping[str, list[str]] = MappingProxyType({})  # by column


def repository_of(settings: HubData) -> hub.Repository:
    return hub.Repository("dataset", settings.hub_id, settings.revision)


def fetch(settings: HubData) -> Path:
    """The folder with the snapshot.

    Raises:
        InputError: it cannot be had.
    """
    return hub.fetch(repository_of(settings), PATTERNS, lambda names: None)


def read_readme(folder: Path, source: str) -> Readme:
    """The YAML head of a folder's README, empty where there is none.

    Raises:
        InputError: it has one that cannot be used.
    """
    file = folder / README
    if not file.is_file() or not file.read_bytes().startswith(b"---"):
        return Readme()
    import yaml
    from huggingface_hub import metadata_load

    try:
        head = metadata_load(file)
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{source}: {README}: its head is not valid YAML: {reason(error)}") from error
    if not isinstance(head, dict):
        return Readme()
    files, class_names = _configured(folder, head, source)
    languages = [LANGUAGES.get(code, code) for code in _lines(head.get("language"))]
    return Readme(
        name=next(iter(_lines(head.get("pretty_name"))), None),
        licence=", ".join(_lines(head.get("license"))) or None,
        language=", ".join(languages) or None,
        files=files,
        class_names=class_names,
    )


def _lines(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if is_line(text)]


def _configured(folder: Path, head: dict, source: str) -> tuple[dict[str, list[Path]] | None, dict[str, list[str]]]:
    """Files by split, where the head says which they are, and names of classes, resolved as `datasets` does."""
    if not head.keys() & {"configs", "dataset_info"}:
        return None, {}
    if "://" in str(head.get("configs")):
        raise InputError(f"{source}: {README}: configs: data_files elsewhere; allowed: files of the folder itself")
    import datasets  # a second to import, and most local files do without

    with TemporaryDirectory(prefix="readme-") as cache:
        try:
            builder = datasets.load_dataset_builder(str(folder), cache_dir=cache)
        except (OSError, ValueError, RuntimeError, TypeError, datasets.exceptions.DatasetsError) as error:
            raise InputError(f"{source}: cannot be read: {README}: {reason(error)}") from error
    class_names = {}
    for column, feature in (builder.info.features or {}).items():
        if isinstance(feature, datasets.ClassLabel):
            class_names[column] = list(feature.names)
    if "data_files" not in str(head.get("configs")):
        return None, class_names
    files = {split: [Path(file) for file in files] for split, files in builder.config.data_files.items()}
    for file in (file for files_of_split in files.values() for file in files_of_split):
        if not file.is_relative_to(folder.resolve()) and not file.is_relative_to(folder.absolute()):
            raise InputError(f"{source}: {README}: {file.name}: elsewhere; allowed: files of the folder itself")
    return files, class_names
