"""Passages in words: how often they were found, how long they are true, where they come from."""

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from app.domain.archive import Passage
from app.domain.embedding import EmbeddingModel
from app.domain.ids import short
from app.ui.kit.wording import count, counted, locale, moment


@dataclass(frozen=True)
class CutRow:
    """The line below which the agent sees nothing."""

    agent: str
    given: int
    tokens: int


def tr(text: str) -> str:
    return QCoreApplication.translate("archive", text)


def found_words(passage: Passage) -> str:
    """How often agents have found it."""
    number = passage.found_count
    few = {0: tr("never found"), 1: tr("found once"), 2: tr("found twice")}
    return few.get(number) or tr("found {} times").format(count(number))


def date_words(at: int) -> str:
    """`12 March 2026`."""
    then = moment(at)
    return f"{then.day} {locale().monthName(then.month)} {then.year}"


def validity_words(passage: Passage) -> str:
    """From when to when it is true."""
    since = date_words(passage.created_at if passage.valid_from is None else passage.valid_from)
    if passage.superseded_at is None:
        return tr("since {}").format(since)
    return tr("from {} to {}").format(since, date_words(passage.superseded_at))


def source_words(passage: Passage) -> str:
    """Where its text comes from."""
    if passage.source:
        return passage.source
    if passage.run_id:
        return tr("run {}").format(short(passage.run_id))
    return tr("written here") if passage.actor.kind == "user" else passage.actor.name or tr("API")


def passages_words(number: int) -> str:
    return counted(number, tr("{} passage"), tr("{} passages"))


def embedder_words(handle: str, model: EmbeddingModel | None) -> str:
    """Which embedder reads passages. `handle`: the one that was asked for; `model`: what reads in fact."""
    if model is None:
        return tr("The server of “{}” does not answer; words can always be searched.").format(handle)
    if model.handle != handle:
        return tr("“{}” is not there; the built-in embedder stands in.").format(handle)
    name = tr("the built-in embedder") if model.built_in else model.handle
    return tr("Read by {}; words can always be searched.").format(name)


def cut_words(row: CutRow) -> str:
    """What the agent gets, in a sentence."""
    if not row.given:
        return tr("{} gets nothing of this").format(row.agent)
    one, many = tr("{1} gets the one above, {2} tokens"), tr("{1} gets the {0} above, {2} tokens")
    return counted(row.given, one, many, row.agent, count(row.tokens))
