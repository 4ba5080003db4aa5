"""YAML read within limits: a few hundred bytes of it can stand for more than any memory holds."""

from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.core.errors import InputError
from stages.core.yaml_limits import require_moderate

MOST_BYTES = 500_000  # three seconds to read


def read_yaml(path: str | Path) -> object:
    """What a file says, not validated.

    ruamel.yaml reads YAML 1.2, in which ``2e-05`` (as ``dvc exp run -S`` writes it) is a number; PyYAML reads it as a
    string.

    Raises:
        InputError: it cannot be read, is not YAML, or stands for too much.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    if len(raw) > MOST_BYTES:
        raise InputError(f"{path}: {len(raw)} bytes; allowed: at most {MOST_BYTES}")
    try:
        text = raw.decode("utf-8")
        require_moderate(YAML(typ="safe").parse(text), path)
        return YAML(typ="safe").load(text)
    except InputError:
        raise
    except (YAMLError, ValueError, OverflowError, RecursionError) as error:  # a date or a number that Python lacks
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())[:300]}") from error


def read_map(path: str | Path) -> dict:
    """What a file that holds a map says, not validated.

    Raises:
        InputError: as ``read_yaml``; or it holds nothing, or something else.
    """
    content = read_yaml(path)
    if content is None:
        raise InputError(f"{path}: empty; `git checkout {path}` brings back what is committed")
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds {type(content).__name__}; required: keys with values")
    return content
