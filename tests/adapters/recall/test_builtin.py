"""The built-in embedder: its files are the right ones, alike texts get alike vectors, whatever is given to it."""

from pathlib import Path

import numpy as np
import pytest

from app.adapters.recall.child import weights
from app.adapters.recall.child.builtin import DIMENSION, MOST_WINDOWS, WINDOW, BuiltIn, windows
from app.adapters.recall.child.pieces import normal


@pytest.fixture(scope="module")
def embedder() -> BuiltIn:
    return BuiltIn()


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("The heating was serviced by Brandt.", "Brandt looked after the boiler.", "The cat sleeps on the sofa."),
        ("Die Heizung wurde gewartet.", "Der Heizkessel wurde überprüft.", "Die Katze schläft auf dem Sofa."),
        ("La calefacción fue revisada.", "Revisaron la caldera.", "El gato duerme en el sofá."),
        ("暖气已经检修过了。", "锅炉检查过了。", "猫在沙发上睡觉。"),
    ],
)
def test_what_means_the_same_is_nearer(embedder: BuiltIn, text: str, near: str, far: str):
    rows = embedder.embed([text, near, far])
    assert rows.shape == (3, DIMENSION)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.1


def test_vectors_do_not_depend_on_the_company_of_a_text(embedder: BuiltIn):
    texts = ["A short one.", "A much longer one about the heating, the oven, the garden and the roof. " * 6, "x"]
    together = embedder.embed(texts)
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    assert np.abs(together - alone).max() < 0.02


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "\u200b",
        "\0\1",
        "🎉" * 50,
        "a" * 20_000,
        "\ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
        "字" * 3_000,
    ],
)
def test_anything_gets_a_vector_of_unit_length_or_of_nothing(embedder: BuiltIn, text: str):
    row = embedder.embed([text])[0]
    assert np.isfinite(row).all()
    assert round(float(np.linalg.norm(row)), 3) in (0.0, 1.0)


def test_no_texts_are_no_rows(embedder: BuiltIn):
    assert embedder.embed([]).shape == (0, DIMENSION)


def test_a_long_text_is_embedded_in_windows_that_part_no_word():
    text = " ".join(f"word{number}" for number in range(600))
    parts = windows(text)
    assert 1 < len(parts) <= MOST_WINDOWS
    assert " ".join(parts) == text
    assert max(map(len, parts)) <= WINDOW * 1.3
    assert windows("a " * 100_000)[-1]


def test_text_is_normalised_as_the_model_was_trained():
    assert normal("ﬁne\u00ad \u200b  text\t\n") == "fine text"


def test_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    other = tmp_path / "minilm-tokenizer.json"
    other.write_text("{}")
    monkeypatch.setattr(weights, "resource", lambda *_: other)
    with pytest.raises(weights.WrongFile, match="not the file"):
        weights.minilm_tokenizer()
    other.unlink()
    with pytest.raises(weights.WrongFile, match="cannot be read"):
        weights.minilm_tokenizer()
