"""Archives as files, page by page, and back: JSON for programs, Markdown for people, CSV for tables.

A table program runs a cell that begins like a formula; such a cell gets an apostrophe in front, which the import takes
away again.
"""

import csv
import datetime
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.domain.archive import MAX_TAG, Archive, ArchiveForm, Passage, PassageDraft
from app.domain.base import Micros
from app.domain.error import Invalid
from app.domain.json_value import JsonObject, array_of, is_array, object_of
from app.domain.wire_message import iso
from app.engine.memory.archive_changes import checked_draft

JSON_FORM, JSON_VERSION = "lares-archive", 1
LARGEST = 200 * 1024 * 1024
"""Bytes of a file that is read: some 500,000 passages."""
COLUMNS = ("text", "tags", "created_at", "valid_from", "superseded_at", "source", "archive")
KNOWN = frozenset({*COLUMNS, "content", "metadata"})
"""Fields of a passage that are read."""
_HEADING = re.compile(r"(?P<depth>#{1,6})\s+(?P<text>.*?)(\s+#+)?")
_UNDERLINE = re.compile(r"=+|-+")
_ACROSS = re.compile(r"([*_-])(\s*\1){2,}")
_FENCE = re.compile(r"`{3,}|~{3,}")
_FORMULA = re.compile(r"^[=+\-@\t\r\n'＝＋－＠]")
_ABOUT = "<!-- passage "
_NO_ABOUT = "<!-- passage"


class JsonWriter:
    """One object with a list of passages."""

    def __init__(self, archives: Mapping[str, Archive]) -> None:
        self._archives = archives
        self._begun = False

    def head(self) -> str:
        named = [{"name": one.name, "description": one.description} for one in self._archives.values()]
        about = {"format": JSON_FORM, "version": JSON_VERSION, "archives": named}
        return json.dumps(about, ensure_ascii=False, indent=2)[:-2] + ',\n  "passages": ['

    def page(self, passages: Sequence[Passage]) -> str:
        lines: list[str] = []
        for passage in passages:
            told = {"text": passage.text, **_about(passage, self._archives), "metadata": passage.metadata or None}
            given = {name: value for name, value in told.items() if value is not None}
            lines.append(f"{',' if self._begun else ''}\n    {json.dumps(given, ensure_ascii=False)}")
            self._begun = True
        return "".join(lines)

    def foot(self) -> str:
        return "\n  ]\n}\n" if self._begun else "]\n}\n"


class MarkdownWriter:
    """A text to read; what belongs to a passage stands before it in a comment that is not shown."""

    def __init__(self, archives: Mapping[str, Archive]) -> None:
        self._archives = archives

    def head(self) -> str:
        return f"# {', '.join(archive.name for archive in self._archives.values())}\n"

    def page(self, passages: Sequence[Passage]) -> str:
        return "".join(self._passage(passage) for passage in passages)

    def foot(self) -> str:
        return ""

    def _passage(self, passage: Passage) -> str:
        about = json.dumps(_about(passage, self._archives), ensure_ascii=False).replace("-->", "--\\u003e")
        text = passage.text.replace(_NO_ABOUT, "\\" + _NO_ABOUT)
        return f"\n{_ABOUT}{about} -->\n{text}\n"


class CsvWriter:
    """A table, a passage a row."""

    def __init__(self, archives: Mapping[str, Archive]) -> None:
        self._archives = archives

    def head(self) -> str:
        return "\ufeff" + _row(COLUMNS)  # the mark by which table programs know UTF-8

    def page(self, passages: Sequence[Passage]) -> str:
        return "".join(_row([_cell(value) for value in self._values(passage)]) for passage in passages)

    def foot(self) -> str:
        return ""

    def _values(self, passage: Passage) -> Iterator[str]:
        about = {"text": passage.text, **_about(passage, self._archives)}
        for name in COLUMNS:
            value = about.get(name)
            yield _tags_cell(value) if is_array(value) else str(value or "")


FORMS: dict[ArchiveForm, type[JsonWriter] | type[MarkdownWriter] | type[CsvWriter]] = {
    "json": JsonWriter,
    "markdown": MarkdownWriter,
    "csv": CsvWriter,
}


def read_file(file: Path) -> tuple[tuple[PassageDraft, ...], tuple[str, ...]]:
    """The passages of a file, checked, and the names of what it says besides. Raises `Invalid` with what is wrong and
    where.
    """
    try:
        size = file.stat().st_size
        data = file.read_bytes() if size <= LARGEST else b""
    except OSError as error:
        raise Invalid(f"{file.name} cannot be read: {error.strerror}.", hint="Choose another file.") from error
    if size > LARGEST:
        raise Invalid(f"{file.name} is larger than 200 MB.", hint="Split it into several files.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(f"{file.name} is not a text in UTF-8.", hint="Save it as UTF-8 and import it again.") from None
    unread: dict[str, None] = {}
    drafts = tuple(_checked(number, draft, file.name) for number, draft in enumerate(_read(file, text, unread), 1))
    return drafts, tuple(unread)


def _read(file: Path, text: str, unread: dict[str, None]) -> Iterator[PassageDraft]:
    if file.suffix.lower() == ".csv":
        return _of_csv(text, file.name, unread)
    if file.suffix.lower() == ".json" or text.lstrip()[:1] in ("{", "["):
        return _of_json(text, file.name, unread)
    return _of_markdown(text)


def _checked(number: int, draft: PassageDraft, name: str) -> PassageDraft:
    try:
        return checked_draft(draft)
    except Invalid as error:
        raise Invalid(f"Passage {number} of {name} cannot be stored. {error.message}", hint=error.hint) from error


def _of_json(text: str, name: str, unread: dict[str, None]) -> Iterator[PassageDraft]:
    try:
        loaded: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Invalid(f"{name} is not valid JSON{where}.", hint="Export it again, or mend that line.") from None
    listed = loaded if is_array(loaded) else object_of(loaded).get("passages")
    if not is_array(listed):
        raise Invalid(f"{name} holds no list of passages.", hint='It is looked for under "passages".')
    for number, one in enumerate(listed, 1):
        said: JsonObject = {"text": one} if isinstance(one, str) else object_of(one)
        given = said.get("text", said.get("content"))
        if not isinstance(given, str):
            raise Invalid(f"Passage {number} of {name} has no text.", hint='It is looked for under "text".')
        unread |= dict.fromkeys(key for key in said if key not in KNOWN)
        yield _draft(given, said, number, name)


def _of_csv(text: str, name: str, unread: dict[str, None]) -> Iterator[PassageDraft]:
    first = text.split("\n", 1)[0]
    parted_by = max(",;\t", key=first.count)
    csv.field_size_limit(LARGEST)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=parted_by)
    names = {(column or "").strip().casefold(): column for column in rows.fieldnames or ()}
    column = names.get("text") or names.get("content")
    if column is None:
        raise Invalid(
            f"{name} has no column “text”.", hint="Name the column with the passages “text” in the first row."
        )
    unread |= dict.fromkeys(written.strip() for key, written in names.items() if key and key not in KNOWN)
    for number, row in enumerate(rows, 1):
        given = {key: _of_cell(row.get(written) or "") for key, written in names.items()}
        said = given[column.strip().casefold()]
        if said.strip():
            yield _draft(said, given, number, name)


def _of_markdown(text: str) -> Iterator[PassageDraft]:
    """By the comments of an export; else each paragraph is a passage, and the headings above it are its tags."""
    pieces = re.split(rf"^{_ABOUT}(.*) -->\n", text, flags=re.MULTILINE)
    if len(pieces) > 1:
        for number, (about, said) in enumerate(zip(pieces[1::2], pieces[2::2], strict=True), 1):
            try:
                known = object_of(json.loads(about))
            except ValueError:
                known = JsonObject()
            yield _draft(said.replace("\\" + _NO_ABOUT, _NO_ABOUT), known, number, "the file")
        return
    headings: dict[int, str] = {}
    for said in _paragraphs(re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)):
        level = _HEADING.fullmatch(said)
        if level is None:
            tags = (" ".join(heading.split())[:MAX_TAG] for heading in headings.values())
            yield PassageDraft(text=said, tags=tuple(tag for tag in tags if tag))
            continue
        depth = len(level["depth"])
        headings = {above: heading for above, heading in headings.items() if above < depth} | {depth: level["text"]}


def _paragraphs(text: str) -> Iterator[str]:
    """Parted by empty lines and lines across; code between fences stays whole, a heading is a piece, as `# Heading`."""
    lines: list[str] = []
    fence = ""
    for line in (*text.split("\n"), ""):
        bare = line.strip()
        if fence:
            lines.append(line)
            fence = "" if bare.startswith(fence) and not bare.strip(fence[0]) else fence
            continue
        below = _UNDERLINE.fullmatch(bare) is not None and len(lines) == 1
        heading = f"{'#' if bare[0] == '=' else '##'} {lines.pop().strip()}" if below else bare
        alone = below or _HEADING.fullmatch(bare) is not None
        opening = _FENCE.match(bare)
        if (alone or opening or not bare or _ACROSS.fullmatch(bare)) and lines:
            yield "\n".join(lines).strip()
            lines = []
        if alone:
            yield heading
        elif opening:
            fence = opening[0]
            lines = [line]
        elif bare and not _ACROSS.fullmatch(bare):
            lines.append(line)
    if said := "\n".join(lines).strip():
        yield said


def _draft(text: str, about: Mapping[str, Any], number: int, name: str) -> PassageDraft:
    times: dict[str, Micros | None] = {}
    for field in ("created_at", "valid_from", "superseded_at"):
        try:
            times[field] = _micros(about.get(field))
        except (ValueError, OverflowError):
            raise Invalid(
                f"Passage {number} of {name} has a date that cannot be read: {str(about.get(field))[:40]}",
                hint="Write dates like 2026-03-12 or 2026-03-12T09:30.",
            ) from None
    tags = about.get("tags")
    listed = _cell_tags(tags) if isinstance(tags, str) else array_of(tags)
    if any(not isinstance(tag, str | int | float) for tag in listed):
        raise Invalid(f"Passage {number} of {name} has a tag that is no text.", hint="Write tags as a list of texts.")
    return PassageDraft(
        text=text,
        tags=tuple(str(tag) for tag in listed),
        source=str(about.get("source") or ""),
        metadata=object_of(about.get("metadata")),
        **times,
    )


def _micros(given: Any) -> Micros | None:
    if given in (None, ""):
        return None
    then = datetime.datetime.fromisoformat(str(given).strip())
    return int((then if then.tzinfo else then.astimezone()).timestamp() * 1_000_000)


def _about(passage: Passage, archives: Mapping[str, Archive]) -> JsonObject:
    """What belongs to a passage beside its text; what nobody said is missing."""
    archive = archives.get(passage.archive_id)
    told: JsonObject = {
        "tags": list(passage.tags) or None,
        "created_at": iso(passage.created_at),
        "valid_from": None if passage.valid_from is None else iso(passage.valid_from),
        "superseded_at": None if passage.superseded_at is None else iso(passage.superseded_at),
        "source": passage.source or None,
        "archive": archive.name if archive is not None and len(archives) > 1 else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _row(values: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(values)
    return written.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def _of_cell(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def _tags_cell(tags: Sequence[Any]) -> str:
    """Parted by semicolons, for people; as JSON where a tag could be read as several."""
    listed = [str(tag) for tag in tags]
    plain = not any(";" in tag or "," in tag or tag.startswith("[") for tag in listed)
    return "; ".join(listed) if plain else json.dumps(listed, ensure_ascii=False)


def _cell_tags(cell: str) -> list[Any]:
    """Parted by semicolons, or by commas where there are none."""
    if cell.startswith("["):
        try:
            return list(array_of(json.loads(cell)))
        except ValueError:
            pass
    return [tag.strip() for tag in cell.split(";" if ";" in cell else ",") if tag.strip()]
