"""What of the archive is shown: which archives, what is true when, tags, and who wrote it."""

from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import QDate, QPoint, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QBoxLayout, QButtonGroup, QCheckBox, QDateEdit, QFrame, QRadioButton, QVBoxLayout, QWidget

from app.domain.archive import Archive, ArchiveContents, PassageFilter, TagCount, WriterCount
from app.domain.history import Actor
from app.ui.kit.actors import ACTOR_LOOK, actor_words
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, empty, hairline, row_of, scrolled
from app.ui.kit.segmented import Segmented
from app.ui.kit.wording import count
from app.ui.theme import Theme

TAGS_SHOWN = 8
DAY_END = 24 * 3600 * 1_000_000 - 1


class Line(QWidget):
    """A tick box or a choice, its name, and a count at the right end. A click anywhere is one on the box."""

    def __init__(
        self, theme: Theme, name: str, box: QCheckBox | QRadioButton, number: int | None = None, *more: QWidget
    ) -> None:
        super().__init__()
        self.box = box
        box.setAccessibleName(name)
        self.name = ElidedLabel(theme, name)
        self.count = Label(theme, "" if number is None else count(number), "label", "muted")
        row = row_of(theme, box, *more, self.name, self.count, parent=self, inset=(14, 3, 14, 3), gap=6)
        row.setStretch(1 + len(more), 1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.box.click()


class Filters(QFrame):
    changed = Signal()
    archive_picked = Signal()
    archive_wanted = Signal(QPoint)
    """A person wants a further archive; a menu would begin here."""
    menu_wanted = Signal(Archive, QPoint)
    """What can be done with an archive; its menu begins here."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("kind", "panel")
        self.agent_name = ""
        self.archive_id = ""
        """The one that is shown; empty: all of the agent."""
        self.archives: tuple[Archive, ...] = ()
        self.holders: dict[str, int] = {}
        """How many agents have each of them."""
        self._tags: set[str] = set()
        self._writer: Actor | None = None
        self._all_tags = False
        self._contents = ArchiveContents()
        self._head_count = Label(theme, "", "base", "muted")
        self.add_archive = IconButton(theme, "plus", self.tr("Add an archive"), box=24)
        self.add_archive.clicked.connect(lambda: self.archive_wanted.emit(_below(self.add_archive)))
        self._archives = QVBoxLayout()
        self._tag_lines, self._writer_lines = QVBoxLayout(), QVBoxLayout()
        for column in (self._archives, self._tag_lines, self._writer_lines):
            column.setSpacing(0)
        choices = (("any", self.tr("Any")), ("all", self.tr("All")))
        self.match = Segmented(theme, choices, "any", self.tr("How many of the tags a passage must have"))
        self.match.chosen.connect(lambda: self.changed.emit())
        self.more_tags = Button(theme, "", "link")
        self.more_tags.clicked.connect(self._show_all_tags)
        self.as_of = QDateEdit(QDate.currentDate())
        self.as_of.setCalendarPopup(True)
        self.as_of.setDisplayFormat("d MMM yyyy")
        self.as_of.setAccessibleName(self.tr("As of this day"))
        self.as_of.dateChanged.connect(lambda: self._date_chosen())
        self._validity = QButtonGroup(self)
        self.validity: dict[str, Line] = {}
        self._tags_head, self._writers_head = QWidget(), Label(theme, self.tr("Written by"), "label", "text2")
        self.foot = Label(theme, "", "caption", "muted")
        self.foot.setWordWrap(True)
        self._lay_out()

    def _lay_out(self) -> None:
        theme = self._theme
        head, foot, inner = QWidget(), QWidget(), QWidget()
        title = Label(theme, self.tr("Archives"), "strong")
        row_of(theme, title, self._head_count, None, self.add_archive, parent=head, inset=(14, 6, 10, 6), gap=6)
        row_of(theme, Label(theme, self.tr("Tags"), "label", "text2"), None, self.match, parent=self._tags_head,
               inset=(14, 6, 14, 2))  # fmt: skip
        body = column_of(theme, parent=inner, inset=(0, 6, 0, 8), gap=2)
        body.addLayout(self._archives)
        body.addWidget(_titled(theme, self.tr("Validity")))
        for key, name in (
            ("all", self.tr("All")),
            ("valid", self.tr("Valid today")),
            ("superseded", self.tr("Superseded")),
            ("as_of", self.tr("As of")),
        ):
            button = QRadioButton()
            self._validity.addButton(button)
            line = self.validity[key] = Line(theme, name, button)
            button.toggled.connect(self._validity_chosen)
            body.addWidget(line)
        self.validity["as_of"].layout().addWidget(self.as_of)  # type: ignore[union-attr]
        self.validity["all"].box.blockSignals(True)
        self.validity["all"].box.setChecked(True)
        self.validity["all"].box.blockSignals(False)
        body.addWidget(self._tags_head)
        body.addLayout(self._tag_lines)
        body.addLayout(row_of(theme, self.more_tags, None, inset=(10, 0, 0, 0)))
        writers = QWidget()
        row_of(theme, self._writers_head, None, parent=writers, inset=(14, 8, 14, 2))
        body.addWidget(writers)
        body.addLayout(self._writer_lines)
        body.addStretch(1)
        column_of(theme, self.foot, parent=foot, inset=(14, 10, 14, 10))
        area = scrolled(inner, self.tr("What is shown"))
        column_of(theme, head, hairline(), area, hairline(), foot, parent=self, gap=0).setStretch(2, 1)

    # What is chosen

    def filter(self, agent_id: str) -> PassageFilter:
        """What is asked for."""
        key = self._key
        return PassageFilter(
            agent_id=None if self.archive_id else agent_id,
            archive_ids=(self.archive_id,) if self.archive_id else (),
            tags=tuple(sorted(self._tags)),
            all_tags=self.match.current == "all",
            validity="valid" if key == "valid" else "superseded" if key == "superseded" else "all",
            as_of=self._day_end() if key == "as_of" else None,
            actor=self._writer,
        )

    @property
    def narrows(self) -> bool:
        """Whether less is asked for than all of the archives."""
        return bool(self._tags or self._writer is not None or self._key != "all")

    def clear(self) -> None:
        """Everything again, as for another agent."""
        self.archive_id, self._writer = "", None
        self._tags.clear()
        self.validity["all"].box.setChecked(True)

    @property
    def _key(self) -> str:
        return next(key for key, line in self.validity.items() if line.box.isChecked())

    def _day_end(self) -> int:
        return self.as_of.date().startOfDay().toMSecsSinceEpoch() * 1000 + DAY_END

    def _validity_chosen(self, on: bool) -> None:
        if on:
            self.changed.emit()

    def _date_chosen(self) -> None:
        if self._key == "as_of":
            self.changed.emit()
        else:
            self.validity["as_of"].box.setChecked(True)

    # What there is

    def show_archives(self, archives: Iterable[Archive], holders: dict[str, int]) -> None:
        self.archives, self.holders = tuple(archives), holders
        self._head_count.setText(count(len(self.archives)))
        if self.archive_id not in {one.id for one in self.archives}:
            self.archive_id = ""
        empty(self._archives)
        for archive in self.archives:
            self._archives.addWidget(self._archive_line(archive, holders.get(archive.id, 0), len(self.archives) > 1))

    def _archive_line(self, archive: Archive, holders: int, several: bool) -> Line:
        box = QCheckBox()
        box.setChecked(archive.id == self.archive_id)
        box.setVisible(several)
        box.setEnabled(several)
        box.clicked.connect(partial(self._pick_archive, archive.id))
        more = [Icon(self._theme, "archive", "accent", 14)]
        line = Line(self._theme, archive.name, box, archive.passages, *more)
        layout = line.layout()
        assert isinstance(layout, QBoxLayout)
        if holders > 1:
            layout.insertWidget(layout.count() - 1, Badge(self._theme, count(holders), "info", "shared"))
        menu = IconButton(self._theme, "more", self.tr("More of “{}”").format(archive.name), size=14, box=20)
        menu.clicked.connect(lambda: self.menu_wanted.emit(archive, _below(menu)))
        layout.addWidget(menu)
        return line

    def show_contents(self, contents: ArchiveContents) -> None:
        self._contents = contents
        numbers = {"all": contents.passages, "superseded": contents.superseded}
        numbers["valid"] = contents.passages - contents.superseded
        for key, number in numbers.items():
            self.validity[key].count.setText(count(number))
        self._show_tags()
        self._show_writers(contents.writers)

    def _pick_archive(self, archive_id: str, on: bool) -> None:
        self.archive_id = archive_id if on else ""
        self.archive_picked.emit()
        self.changed.emit()

    def _show_tags(self) -> None:
        tags = self._contents.tags
        shown = tags if self._all_tags else [*tags[:TAGS_SHOWN], *(t for t in tags[TAGS_SHOWN:] if t.tag in self._tags)]
        empty(self._tag_lines)
        for tag in shown:
            self._tag_lines.addWidget(self._tag_line(tag))
        self._tags_head.setVisible(bool(tags))
        self.more_tags.setVisible(len(shown) < len(tags))
        self.more_tags.setText(self.tr("{} more").format(count(len(tags) - len(shown))))

    def _tag_line(self, tag: TagCount) -> Line:
        box = QCheckBox()
        box.setChecked(tag.tag in self._tags)
        box.toggled.connect(partial(self._tick, tag.tag))
        return Line(self._theme, tag.tag, box, tag.passages)

    def _tick(self, tag: str, on: bool) -> None:
        self._tags = self._tags | {tag} if on else self._tags - {tag}
        self.changed.emit()

    def _show_all_tags(self) -> None:
        self._all_tags = True
        self._show_tags()

    def _show_writers(self, writers: Iterable[WriterCount]) -> None:
        empty(self._writer_lines)
        for one in writers:
            icon, token = ACTOR_LOOK[one.actor.kind]
            box = QCheckBox()
            box.setChecked(one.actor == self._writer)
            box.toggled.connect(partial(self._pick_writer, one.actor))
            name, look = actor_words(one.actor, self.agent_name), Icon(self._theme, icon, token, 14)
            self._writer_lines.addWidget(Line(self._theme, name, box, one.passages, look))
        self._writers_head.setVisible(self._writer_lines.count() > 0)

    def _pick_writer(self, actor: Actor, on: bool) -> None:
        self._writer = actor if on else None
        self._show_writers(self._contents.writers)
        self.changed.emit()


def _below(widget: QWidget) -> QPoint:
    return widget.mapToGlobal(QPoint(0, widget.height()))


def _titled(theme: Theme, text: str) -> QWidget:
    title = QWidget()
    row_of(theme, Label(theme, text, "label", "text2"), None, parent=title, inset=(14, 8, 14, 2))
    return title
