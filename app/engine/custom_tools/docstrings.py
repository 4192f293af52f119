"""What a docstring says: of the tool, and of each argument. Google's, NumPy's and Sphinx's styles."""

from dataclasses import dataclass

from docstring_parser import DocstringStyle, ParseError, parse

STYLES = (DocstringStyle.GOOGLE, DocstringStyle.NUMPYDOC, DocstringStyle.REST, DocstringStyle.EPYDOC)


@dataclass(frozen=True)
class Documented:
    description: str
    arguments: dict[str, str]
    """By name; of each its words in one line."""


def documented(text: str) -> Documented:
    """Never fails: what is in no known style is description."""
    best = Documented(_line(text), {})
    found = -1
    for style in STYLES:
        try:
            parsed = parse(text, style)
        except (ParseError, ValueError, IndexError):
            continue
        arguments = {one.arg_name.lstrip("*"): _line(one.description or "") for one in parsed.params}
        if len(arguments) > found:
            found = len(arguments)
            parts = (parsed.short_description, parsed.long_description)
            best = Documented("\n\n".join(part.strip() for part in parts if part and part.strip()), arguments)
    return best


def _line(text: str) -> str:
    return " ".join(text.split())
