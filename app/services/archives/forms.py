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

from app.domain.archive import Archive, ArchiveForm, Passage, PassageDraft
from app.domain.base import Micros
from app.domain.error import Invalid
from app.domain.json_value import JsonObject, array_of, is_array, object_of
from app.domain.wire_message import iso
from app.engine.memory.archive_changes import checked_draft

JSON_FORM, JSON_VERSION = "lares-archive", 1
LARGEST = 200 * 1024 * 1024
"""Bytes of a file that is read: some 500,000 passages."""
COLUMNS = ("text", "tags", "created_at", "valid_from", "superseded_at", "source", "archive")
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


def read_file(file: Path) -> tuple[PassageDraft, ...]:
    """The passages of a file, checked. Raises `Invalid` with what is wrong and where."""
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
    return tuple(_checked(number, draft, file.name) for number, draft in enumerate(_read(file, text), 1))


def _read(file: Path, text: str) -> Iterator[PassageDraft]:
    if file.suffix.lower() == ".csv":
        return _of_csv(text, file.name)
    if file.suffix.lower() == ".json" or text.lstrip()[:1] in ("{", "["):
        return _of_json(text, file.name)
    return _of_markdown(text)


def _checked(number: int, draft: PassageDraft, name: str) -> PassageDraft:
    try:
        return checked_draft(draft)
    except Invalid as error:
        raise Invalid(f"Passage {number} of {name} cannot be stored. {error.message}", hint=error.hint) from error


def _of_json(text: str, name: str) -> Iterator[PassageDraft]:
    try:
        loaded: Any = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
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
        yield _draft(given, said, number, name)


def _of_csv(text: str, name: str) -> Iterator[PassageDraft]:
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
    for number, row in enumerate(rows, 1):
        given = {key: _of_cell(row.get(written) or "") for key, written in names.items()}
        said = given[column.strip().casefold()]
        if said.strip():
            yield _draft(said, {**given, "tags": _cell_tags(given.get("tags", ""))}, number, name)


def _of_markdown(text: str) -> Iterator[PassageDraft]:
    """By the comments of an export; else each paragraph that is no heading is a passage."""
    pieces = re.split(rf"^{_ABOUT}(.*) -->\n", text, flags=re.MULTILINE)
    if len(pieces) > 1:
        for number, (about, said) in enumerate(zip(pieces[1::2], pieces[2::2], strict=True), 1):
            try:
                known = object_of(json.loads(about))
            except json.JSONDecodeError:
                known = JsonObject()
            yield _draft(said.replace("\\" + _NO_ABOUT, _NO_ABOUT), known, number, "the file")
        return
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [line for line in paragraph.strip().split("\n") if not re.match(r"#{1,6}\s", line)]
        if said := "\n".join(lines).strip():
            yield PassageDraft(text=said)


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
    return PassageDraft(
        text=text,
        tags=tuple(str(tag) for tag in array_of(tags)),
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
    """Parted by semicolons, for people; as JSON where a tag has one."""
    listed = [str(tag) for tag in tags]
    plain = not any(";" in tag or tag.startswith("[") for tag in listed)
    return "; ".join(listed) if plain else json.dumps(listed, ensure_ascii=False)


def _cell_tags(cell: str) -> list[str]:
    if cell.startswith("["):
        try:
            return [str(tag) for tag in array_of(json.loads(cell))]
        except json.JSONDecodeError:
            pass
    return [tag.strip() for tag in cell.split(";") if tag.strip()]
