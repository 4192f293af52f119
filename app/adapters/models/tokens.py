"""Estimates how many tokens a text takes, without any model's tokenizer: some 30 MB a second, always linear.

Bytes of the UTF-8 form are sorted into classes, and each class costs so many tokens. Costs were fitted to the real
vocabularies of Qwen, Llama 3, Gemma 3, DeepSeek and Mistral (Tekken, and the old one of 32,000); the estimate rather a
little too high than too low, because too low cuts prompts. The bound is what none of the six exceeds on any text of
`tests/support/values/token_mix.jsonl`, with as much again in reserve; no vocabulary needs more tokens than bytes.
"""

from app.ports.models import TokenEstimate

_CLASSES: tuple[tuple[bytes, float, float], ...] = (
    (b"etaoinsr", 0.262, 0.48),
    (b"bcdfghjklmpquvwxyz", 0.262, 0.48),
    (b"ETAOINSR", 0.34, 0.48),
    (b"BCDFGHJKLMPQUVWXYZ", 0.34, 0.48),
    (b"0123456789", 0.9, 1.0),
    (b" ", 0.02, 0.6),  # a space belongs to the word after it, and indentation is one token
    (b"\n", 0.4, 1.4),
    (b"!#$%&'()*+,-./;<=>?@\\^_`|~", 0.66, 1.2),
    (b'"{}[]:', 0.2, 0.5),  # in JSON several of these make one token
    (b"\t\r", 0.1, 1.0),
    (bytes([*range(9), 11, 12, *range(14, 32), 127]), 1.0, 1.0),
    (bytes(range(0xC2, 0xCC)), 1.3, 2.6),  # accented Latin tears its word apart
    (bytes(range(0xCC, 0xD0)), 0.8, 2.2),  # Greek
    (bytes(range(0xD0, 0xD4)), 0.43, 1.0),  # Cyrillic
    (bytes(range(0xD4, 0xD8)), 0.85, 2.0),  # Armenian, Hebrew
    (bytes(range(0xD8, 0xE0)), 0.5, 2.0),  # Arabic
    (b"\xe0", 0.8, 3.0),  # Indian and Thai
    (b"\xe1\xe2", 1.1, 3.0),  # typographic signs, rare scripts
    (b"\xe3", 0.75, 1.6),  # kana, CJK punctuation
    (bytes(range(0xE4, 0xEA)), 0.87, 1.9),  # Han
    (bytes(range(0xEA, 0xEE)), 0.8, 3.0),  # Hangul
    (b"\xee\xef", 1.2, 3.0),  # full-width forms
    (bytes(range(0xF0, 0xF8)), 2.3, 4.0),  # emoji
)
"""Bytes, the tokens that each costs, and what it may cost at most."""
_LETTERS, _DIGIT, _BLANK, _CONTINUATION = range(4), 4, 5, len(_CLASSES)
_ASCII_CLASSES = 11
_PIECE = 2048
"""Bytes that are judged together: a key in the middle of a letter is not made up for by the words around it."""
_USUAL = 0.54
"""Share of the eight most frequent letters in languages that are written with them, and in code; where there are fewer,
the letters are no words: keys, hashes, made-up names."""
_ODD = 1.2, 4.0
"""For each such letter that is missing."""
_WORD = 9
"""Letters between two breaks beyond which a run is no word."""
_RUN = 0.1, 2.0
"""For each letter or digit beyond it."""
_KEY, _KEY_COST = b'": ', (2.0, 4.0)
"""A key of JSON that is written with blanks: its signs stand apart, so that fewer of them make one token."""
_BLANK_DIGIT, _BLANK_DIGIT_COST = bytes([_BLANK, _DIGIT]), (0.9, 2.0)
"""No number takes the blank before it along, as words do."""
_FOREIGN_BLANK, _FOREIGN_BLANK_MOST = bytes([_CONTINUATION, _BLANK]), 0.7
_MIXED = tuple(bytes(pair) for letter in _LETTERS for pair in ((letter, _DIGIT), (_DIGIT, letter)))
_MIXED_MOST = 2.0
"""Where a letter meets a digit."""
_PREFIX = 2
"""Tokens that a vocabulary may set before a text."""


def _class_table() -> bytes:
    table = bytearray([_CONTINUATION]) * 256
    for number, (members, _, _) in enumerate(_CLASSES):
        for member in members:
            table[member] = number
    return bytes(table)


_TABLE = _class_table()


class EstimatingCounter:
    """Counts by script and kind of character. An estimate, calibrated by the real counts of servers elsewhere."""

    def estimate(self, text: str) -> TokenEstimate:
        """Tokens, and a bound that no known vocabulary exceeds."""
        if not text:
            return TokenEstimate(0, 0)
        raw = text.encode("utf-8", "surrogatepass")
        used = _ASCII_CLASSES if text.isascii() else len(_CLASSES)
        cost = most = 0.0
        for at in range(0, len(raw), _PIECE):
            piece = raw[at : at + _PIECE]
            tokens, bound = _costs(piece, used)
            cost += tokens
            most += min(bound, len(piece))
        estimated = max(1, round(cost))
        return TokenEstimate(estimated, max(estimated, round(most)) + _PREFIX)

    def count(self, text: str) -> int:
        """The estimate alone."""
        return self.estimate(text).tokens


def _costs(raw: bytes, used: int) -> tuple[float, float]:
    classes = raw.translate(_TABLE)
    counts = [classes.count(number) for number in range(used)]
    cost = most = 0.0
    for count, (_, of_class, most_of_class) in zip(counts, _CLASSES, strict=False):
        if count:
            cost += count * of_class
            most += count * most_of_class
    usual, lower, capitals, upper, digits, blanks, newlines, signs, marks = counts[:9]
    letters = usual + lower + capitals + upper
    odd = max(0.0, _USUAL * letters - usual - capitals)
    run = max(0, letters + digits - _WORD * (blanks + newlines + signs + marks + 1))
    keys, numbers = raw.count(_KEY), classes.count(_BLANK_DIGIT)
    mixed = sum(map(classes.count, _MIXED)) if digits else 0
    cost += odd * _ODD[0] + run * _RUN[0] + keys * _KEY_COST[0] + numbers * _BLANK_DIGIT_COST[0]
    most += odd * _ODD[1] + run * _RUN[1] + keys * _KEY_COST[1] + numbers * _BLANK_DIGIT_COST[1] + mixed * _MIXED_MOST
    if used > _ASCII_CLASSES:
        most += classes.count(_FOREIGN_BLANK) * _FOREIGN_BLANK_MOST
    return cost, most
