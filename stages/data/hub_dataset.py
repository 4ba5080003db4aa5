"""A data set on the hub at a pinned commit, and what `datasets` writes about data: a README's head, a saved folder.

The snapshot's files are fetched first and read from the folder, so that what is read is that commit and nothing
else: given a name, `datasets` falls back without the network to whatever revision it loaded last.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import NamedTuple

from stages.core.errors import InputError
from stages.core.yaml_heads import README, read_head
from stages.data.checks import format_of, line_of, reason
from stages.data.settings import HubData, is_line
from stages.hub import client as hub

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


def read_readme(folder: Path, source: str, config: str | None) -> Readme:
    """The YAML head of a folder's README, empty where there is none; of several configurations, ``config``.

    Raises:
        InputError: it has one that cannot be used, or none of that name.
    """
    readme = _head(folder, source, config)
    if config is not None and readme.files is None:
        raise InputError(f"data.config: {config!r}: {source}: no {README} with data_files; leave it out")
    return readme


def configs_of(folder: Path, source: str) -> list[str]:
    """The configurations of a folder's README, of which one has to be chosen; none where one is the default.

    Raises:
        InputError: its head cannot be read.
    """
    configs = (_metadata(folder, source) or {}).get("configs")
    configs = [config for config in configs if isinstance(config, dict)] if isinstance(configs, list) else []
    names = [str(config.get("config_name", "default")) for config in configs]
    return [] if "default" in names or any(config.get("default") for config in configs) else names


def _metadata(folder: Path, source: str) -> dict | None:
    """The YAML head of a README, None where it has none."""
    file = folder / README
    if not file.is_file() or not _begins_with(file, b"---"):
        return None
    import yaml

    try:
        return read_head(file, f"{source}: {README}")
    except yaml.YAMLError as error:
        raise InputError(f"{source}: {README}: its head is not valid YAML: {reason(error)}") from error
    except ValueError:  # no map, or no UTF-8: not written for `datasets`
        return None


def _begins_with(file: Path, mark: bytes) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(mark)) == mark


def _head(folder: Path, source: str, config: str | None) -> Readme:
    head = _metadata(folder, source)
    if head is None:
        return Readme()
    files, class_names = _configured(folder, head, source, config)
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


def _configured(
    folder: Path, head: dict, source: str, config: str | None
) -> tuple[dict[str, list[Path]] | None, dict[str, list[str]]]:
    """Files by split, where the head says which they are, and names of classes, resolved as `datasets` does."""
    if not head.keys() & {"configs", "dataset_info"}:
        return None, {}
    if "://" in str(head.get("configs")):
        raise InputError(f"{source}: {README}: configs: data_files elsewhere; allowed: files of the folder itself")
    import datasets  # a second to import, and most local files do without

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # it logs what is raised, and we report that ourselves
    with TemporaryDirectory(prefix="readme-") as cache:
        try:
            builder = datasets.load_dataset_builder(str(folder), config, cache_dir=cache)
        except (OSError, ValueError, RuntimeError, TypeError, datasets.exceptions.DatasetsError) as error:
            raise InputError(f"{source}: cannot be read: {README} (data.config): {reason(error)}") from error
    class_names = {}
    for column, feature in (builder.info.features or {}).items():
        if isinstance(feature, datasets.ClassLabel):
            class_names[column] = list(feature.names)
    if "data_files" not in str(head.get("configs")):
        return None, class_names
    files = {}
    for split, paths in builder.config.data_files.items():
        files[split] = [_within(folder, Path(os.path.normpath(path)), source) for path in paths]
    return files, class_names


def _within(folder: Path, file: Path, source: str) -> Path:
    """A file that `datasets` gives from the root of the file system, as one of the folder."""
    for root in (folder.absolute(), folder.resolve()):
        if file.is_relative_to(root):
            return folder / file.relative_to(root)
    raise InputError(f"{source}: {README}: {file.name}: elsewhere; allowed: files of the folder itself")


def saved_files(folder: Path, shown: str) -> list[Path] | None:
    """The files of a data set that ``save_to_disk`` wrote into this very folder, None where it did not.

    Raises:
        InputError: what it wrote beside them is damaged.
    """
    state = folder / "state.json"
    if not state.is_file():
        return None
    state_shown = f"{shown}/{state.name}"
    try:
        names = [entry["filename"] for entry in json.loads(state.read_text(encoding="utf-8"))["_data_files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{state_shown}: not as save_to_disk of `datasets` writes it") from error
    for name in names:
        if not isinstance(name, str) or Path(name).name != name or format_of(name) is None:
            raise InputError(f"{state_shown}: file {line_of(str(name))!r}; allowed: *.arrow beside it")
    return [folder / name for name in names]
