"""Fixed texts of the demo model: markdown with everything in it, and words in any number."""

MARKDOWN = '''# A heading

Text with **bold**, *italic*, `code` and a [link](https://example.com).

## A list

- green tea
- black tea
  - with milk
- no tea

1. Heat the water.
2. Wait three minutes.

## A table

| Tea | Water | Minutes |
|---|---:|---:|
| green | 80 °C | 2 |
| black | 100 °C | 4 |

## Some code

```python
def brew(tea: str, minutes: int = 3) -> str:
    """Returns what is in the cup."""
    steps = ["heat", "pour", "wait"]
    return f"{tea} tea after {minutes} minutes" if steps else "water"
```

> Patience is the most important ingredient.
'''

_TEXT = (
    "The kettle hums while the light moves over the table and the garden wakes slowly behind the window. "
    "Somebody opens a book, reads a page, smiles, and puts it down again beside the cup. "
    "Nothing has to happen now, so every small sound has its own time and its own place. "
)
_WORDS = tuple(_TEXT.split())


def long_text(words: int) -> str:
    """Exactly so many words, in paragraphs of sixty."""
    chosen = [_WORDS[at % len(_WORDS)] for at in range(words)]
    return "\n\n".join(" ".join(chosen[at : at + 60]) for at in range(0, words, 60))
