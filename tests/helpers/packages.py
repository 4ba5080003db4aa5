"""A Python package that carries a checkpoint, as pip leaves it: a folder, and metadata with a hash of every file."""

import base64
import hashlib
from pathlib import Path

NAME, VERSION, MODEL = "tiny-encoder", "0.1.0", "tiny_encoder/model"


def install(site: Path, checkpoint: Path, version: str = VERSION, hashed: bool = True, card: str = "") -> Path:
    """Put the package with a copy of ``checkpoint`` into ``site``; importing it would fail. Its folder ``model``.

    Args:
        hashed: whether RECORD has the hashes.
        card: the model card, README.md; none where it is empty.
    """
    folder = site / MODEL
    folder.mkdir(parents=True)
    (site / "tiny_encoder/__init__.py").write_text("raise SystemExit('the package was imported')\n", encoding="utf-8")
    for path in checkpoint.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    if card:
        (folder / "README.md").write_text(card, encoding="utf-8")
    metadata = site / f"tiny_encoder-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {NAME}\nVersion: {version}\nLicense: MIT\n", encoding="utf-8"
    )
    lines = [f"{metadata.name}/RECORD,,"]
    for path in sorted(path for path in (site / "tiny_encoder").rglob("*") if path.is_file()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
        hash_and_size = f"sha256={digest},{path.stat().st_size}" if hashed else ","
        lines.append(f"{path.relative_to(site).as_posix()},{hash_and_size}")
    (metadata / "RECORD").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
