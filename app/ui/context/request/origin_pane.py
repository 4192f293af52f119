"""Where a line of the request comes from, what falls out of the window next, and how far our count can be trusted."""

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from app.domain.context import ContextOverview, Counted, LineOrigin, PartText, RequestOutline, RequestPart
from app.ui.context.request.rows import ROLES, title_of
from app.ui.kit.actors import ACTOR_LOOK, actor_words
from app.ui.kit.buttons import Button
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, empty, follow, hairline, row_of, scrolled
from app.ui.kit.wording import count, counted, full_time, moment, short_date
from app.ui.theme import Theme

SHOWN = 5
"""Messages that fall out next which are listed."""


class OriginPane(QFrame):
    history_wanted = Signal(str)
    """Id of the block whose history a person wants to see; empty: of all."""
    message_wanted = Signal(str)
    compact_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._block_id = ""
        self._message_id = ""
        self.setProperty("kind", "panel")
        self.setAccessibleName(self.tr("Where it comes from"))
        self._facts = QGridLayout()
        self.history = Button(theme, self.tr("History"), "", "history", "small")
        self.open_message = Button(theme, self.tr("Open message"), "", "jump", "small")
        self._hint = Label(theme, self.tr("Choose a part to see where each of its lines comes from."), "label", "muted")
        self._hint.setWordWrap(True)
        self._why_full = Label(theme, "", "label", "text2")
        self._why_full.setWordWrap(True)
        self._leaving = column_of(theme, gap=0)
        self.compact = Button(theme, self.tr("Preview compaction"), "", "eye", "small")
        self._counts = QGridLayout()
        self._lay_out()
        self.history.clicked.connect(lambda: self.history_wanted.emit(self._block_id))
        self.open_message.clicked.connect(lambda: self.message_wanted.emit(self._message_id))
        self.compact.clicked.connect(self.compact_wanted)
        self.clear()

    def _lay_out(self) -> None:
        theme, body = self._theme, QWidget()
        self._next = QWidget()
        column_of(
            theme,
            hairline(),
            Label(theme, self.tr("What falls out next"), "strong"),
            self._why_full,
            self._leaving,
            row_of(theme, self.compact, None),
            parent=self._next,
            gap=8,
        )
        column_of(
            theme,
            Label(theme, self.tr("Where it comes from"), "strong"),
            self._facts,
            self._hint,
            row_of(theme, self.history, self.open_message, None),
            4,
            self._next,
            4,
            hairline(),
            Label(theme, self.tr("Our count against the server’s"), "strong"),
            self._counts,
            None,
            parent=body,
            inset=(14, 11, 14, 14),
            gap=10,
        )
        column_of(theme, scrolled(body, self.accessibleName()), parent=self, gap=0)

        def fit() -> None:
            for grid in (self._facts, self._counts):
                grid.setHorizontalSpacing(theme.px(12))
                grid.setVerticalSpacing(theme.px(5))
                grid.setColumnStretch(1, 1)
            self._facts.setColumnMinimumWidth(0, theme.px(72))

        follow(theme, self, fit)

    def clear(self) -> None:
        empty(self._facts)
        self._hint.show()
        self.history.hide()
        self.open_message.hide()

    def show_origin(
        self,
        part: RequestPart,
        text: PartText,
        line: int,
        origin: LineOrigin | None,
        agent_name: str,
        counted_as: Counted,
    ) -> None:
        """Of one line of a part."""
        self.clear()
        self._hint.hide()
        self._fact(self.tr("Part"), _name(part))
        if origin is not None:
            where = self.tr("Line {}").format(count(text.first + line + 1)) if origin.seq else self.tr("Said")
            words = full_time(origin.at)
            if origin.seq is not None:
                words = f"{actor_words(origin.actor, agent_name)}, {words}"
            icon, token = ACTOR_LOOK[origin.actor.kind]
            self._fact(where, words, icon if origin.seq is not None else "", token)
            if origin.tool_name:
                self._fact(self.tr("With"), origin.tool_name, mono=True)
            if origin.cause:
                self._fact(self.tr("Because of"), f"“{origin.cause}”")
        elif part.block_id or part.kind == "system":
            self._fact(self.tr("Line {}").format(count(text.first + line + 1)), self.tr("the form of the block"))
        others = self._others(text, agent_name)
        if others:
            self._fact(self.tr("All lines"), others)
        exact = "" if counted_as == "exact" else self.tr(", estimated")
        self._fact(self.tr("Counted"), self.tr("{} tokens").format(count(part.tokens)) + exact)
        self._block_id = part.block_id or ""
        self._message_id = (origin.message_id if origin is not None else None) or part.message_id or ""
        self.history.setVisible(bool(part.block_id) or part.kind in ("system", "summary"))
        self.open_message.setVisible(bool(self._message_id))

    def _others(self, text: PartText, agent_name: str) -> str:
        numbers = Counter(
            actor_words(text.origins[place].actor, agent_name)
            for place in text.origin_of
            if place is not None and text.origins[place].seq is not None
        )
        return ", ".join(f"{name} {count(number)}" for name, number in numbers.most_common())

    def show_next(self, outline: RequestOutline) -> None:
        """What the next compaction takes; nothing of it for a request that was sent."""
        self._next.setVisible(not outline.step_id)
        leaving = [part for part in outline.parts if part.leaves]
        self._why_full.setText(self._words(outline, leaving))
        empty(self._leaving)
        for part in leaving[:SHOWN]:
            self._leaving.addWidget(self._leaving_row(part))
        if len(leaving) > SHOWN:
            more = self.tr("and {} more").format(count(len(leaving) - SHOWN))
            self._leaving.addWidget(Label(self._theme, more, "label", "muted"))
        self.compact.setVisible(bool(leaving))

    def _words(self, outline: RequestOutline, leaving: Sequence[RequestPart]) -> str:
        if not leaving:
            return self.tr("Nothing: the window holds only the newest turn.")
        at = count(outline.full_at)
        stay = self.tr("They stay in the chat, and search finds them.")
        if outline.turns_left:
            one = self.tr("At {1} tokens, about {0} message from now, the oldest messages become a summary. {2}")
            many = self.tr("At {1} tokens, about {0} messages from now, the oldest messages become a summary. {2}")
            return counted(outline.turns_left, one, many, at, stay)
        return self.tr("At {0} tokens, with the next message, the oldest messages become a summary. {1}").format(
            at, stay
        )

    def _leaving_row(self, part: RequestPart) -> QWidget:
        theme, row = self._theme, QWidget()
        words = ElidedLabel(theme, title_of(part.kind, part.label, part.key), "label")
        when = Label(theme, short_date(moment(part.at)) if part.at else "", "label", "muted")
        tokens = Label(theme, count(part.tokens), "label")
        line = row_of(
            theme,
            Icon(theme, ROLES.get(part.role, "agent"), "text2", 14),
            words,
            when,
            tokens,
            parent=row,
            inset=(0, 5, 0, 5),
        )
        line.setStretch(1, 1)
        return row

    def show_counts(self, outline: RequestOutline, overview: ContextOverview | None) -> None:
        empty(self._counts)
        names = {
            "exact": self.tr("as the server cuts them"),
            "calibrated": self.tr("by its last count"),
            "estimated": self.tr("estimated"),
        }
        self._count(self.tr("Parts are counted"), names[outline.counted])
        estimate, real = outline.estimate, outline.real
        if overview is not None and not outline.step_id:
            estimate, real = overview.last_estimate, overview.last_real
        if real:
            name = self.tr("Server’s count") if outline.step_id else self.tr("Server’s last count")
            self._count(name, count(real))
        if real and estimate:
            share = 100 * (estimate - real) / real
            words = self.tr("{:.1f} % too high") if share >= 0 else self.tr("{:.1f} % too low")
            self._count(self.tr("Estimate without correction"), words.format(abs(share)))
        if outline.reused is not None:
            self._count(self.tr("Repeats of the last request"), self.tr("{} tokens").format(count(outline.reused)))

    def _count(self, name: str, value: str) -> None:
        _add(self._counts, Label(self._theme, name, "label", "muted"), ElidedLabel(self._theme, value, "label"))

    def _fact(self, name: str, value: str, icon: str = "", token: str = "text2", *, mono: bool = False) -> None:
        words = ElidedLabel(self._theme, value, "mono" if mono else "base")
        shown: QWidget = words
        if icon:
            shown = QWidget()
            row_of(self._theme, Icon(self._theme, icon, token, 14), words, parent=shown, gap=6).setStretch(1, 1)
        _add(self._facts, Label(self._theme, name, "label", "muted"), shown)


def _add(grid: QGridLayout, name: QWidget, value: QWidget) -> None:
    at = grid.rowCount()
    grid.addWidget(name, at, 0)
    grid.addWidget(value, at, 1)


def _name(part: RequestPart) -> str:
    return title_of(part.kind, part.label, part.key)
