"""The YAML head of a README, as on the hub: it comes with a data set or a checkpoint, from anywhere."""

from pathlib import Path

from stages.core.errors import InputError
from stages.core.yaml_limits import fast_events, require_moderate

README = "README.md"
MOST_BYTES = 5_000_000  # with its prose


def read_head(file: Path, place: str) -> dict | None:
    """What the head says, not validated; None where the file has none.

    Args:
        place: what messages call the file.

    Raises:
        InputError: it stands for too much.
        yaml.YAMLError: it is not YAML.
        ValueError: it is no map, or no UTF-8.
        OSError: it cannot be read.
    """
    if file.stat().st_size > MOST_BYTES:
        raise InputError(f"{place}: {file.stat().st_size} bytes; allowed: at most {MOST_BYTES}")
    from huggingface_hub import metadata_load  # a second to import
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    found = REGEX_YAML_BLOCK.search(file.read_text(encoding="utf-8-sig"))
    if found is None:
        return None
    require_moderate(fast_events(found.group(2)), f"{place}: its head")
    return metadata_load(file)
