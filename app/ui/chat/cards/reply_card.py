"""What the agent said, with the small print below it."""

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QCoreApplication, QRect
from PySide6.QtGui import QPainter, QTextCursor
from PySide6.QtWidgets import QWidget

from app.domain.ids import short
from app.domain.run import StopReason
from app.domain.turn import Feedback
from app.ui.chat.cards.card import TEXT_X, draw_text
from app.ui.chat.cards.context import CardContext
from app.ui.chat.cards.editable_card import EditableCard
from app.ui.chat.cards.hover_card import HoverTools
from app.ui.chat.images import ThumbnailRow
from app.ui.chat.transcript.row import Footer, Row
from app.ui.kit.buttons import IconButton
from app.ui.kit.flame import Flame
from app.ui.kit.wording import counted


class AssistantCard(EditableCard):
    """What the agent said, with figures below it."""

    def __init__(self, context: CardContext, row: Row, parent: QWidget | None = None) -> None:
        super().__init__(context, row, parent)
        self.text = self._text_view()
        self.text.link_activated.connect(context.signals.link)
        self._thumbnails = ThumbnailRow(self.theme, context.images, self)
        self._flame: Flame | None = None
        self._footer = QRect()
        self._thumbs: dict[Feedback, IconButton] = {}

    def _fill(self) -> None:
        super()._fill()
        self._show_feedback()
        self.text.set_markdown(self.row.text, whole=self.row.state == "writing")
        self._thumbnails.fill(self.row.images)
        self.text.setAccessibleName(self.tr("Text of {0}").format(self.context.agent_name))
        self.setAccessibleName(self.tr("{0}: {1}").format(self.context.agent_name, self.row.text[:400]))
        self.setAccessibleDescription("  ".join(text for text, _token in self._words()))
        if self.row.state == "writing" and self._flame is None:
            self._flame = Flame(self.theme, parent=self)
            self._flame.show()
        elif self.row.state != "writing" and self._flame is not None:
            self._flame.deleteLater()
            self._flame = None

    def _lay_body(self, width: int) -> int:
        px = self.theme.px
        left = px(TEXT_X)
        if self.editor is not None:
            self._footer = QRect()
            height = self.editor.height_for(width - left)
            self.editor.setGeometry(left, 0, width - left, height)
            return height
        empty = 0 if self.row.images else px(21)
        height = self.text.height_for(width - left) if self.row.text else empty
        self.text.setGeometry(left, px(1), width - left, height)
        self.text.setVisible(bool(self.row.text))
        self._place_flame()
        top = px(1) + height
        if self.row.images:
            top = self._thumbnails.lay_out(left, top + px(8), width - left)
        top = self._lay_switcher(left, width, top)
        if not self._words():
            self._footer = QRect()
            return top
        self._footer = QRect(left, top + px(5), width - left, px(18))
        return self._footer.bottom() + 1

    def _place_flame(self) -> None:
        if self._flame is None:
            return
        cursor = QTextCursor(self.text.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        end = self.text.cursorRect(cursor)
        x = min(end.right() + self.theme.px(5), self.text.width() - self._flame.width())
        y = end.center().y() - self._flame.height() // 2
        self._flame.move(self.text.x() + x, self.text.y() + y)

    def _words(self) -> list[tuple[str, str]]:
        """The small print: text and colour, in order."""
        row = self.row
        words: list[tuple[str, str]] = []
        if row.feedback is not None:
            good, bad = (self.tr("You found it good"), "ok"), (self.tr("You found it bad"), "warn")
            words.append(good if row.feedback == "positive" else bad)
        if row.state == "writing":
            words.append((self.tr("Writing"), "accent"))
        elif row.state == "stopped":
            words.append((self.tr("Stopped by you"), "text2"))
        elif row.state == "not_finished":
            words.append((self.tr("Unfinished, {0} words").format(row.words), "warn"))
            if row.run_id:
                words.append((self.tr("run {0}").format(short(row.run_id)), "muted"))
        elif row.state == "edited":
            words.append((self.tr("Edited by you"), "info"))
        if row.footer is not None and row.footer.answered_by:
            asked = row.footer.asked.partition("/")[2]
            words.append((self.tr("Answered by {0}, not {1}").format(row.footer.answered_by, asked), "warn"))
        if row.footer is not None:
            told = row.state == "not_finished" or (row.state, row.footer.stop) == ("stopped", "cancelled")
            footer = replace(row.footer, stop=None) if told else row.footer
            words.extend((text, "muted") for text in figures(footer, self.context.max_steps))
        return words

    def _paint_body(self, painter: QPainter) -> None:
        if self._footer.isNull():
            return
        px, x, font = self.theme.px, self._footer.left(), self.theme.font("caption")
        if self.row.state == "not_finished":
            side = px(12)
            pixmap = self.theme.pixmap("warning", "warn", 12)
            painter.drawPixmap(x, self._footer.center().y() - side // 2, side, side, pixmap)
            x += side + px(6)
        for text, token in self._words():
            room = QRect(x, self._footer.top(), self._footer.right() - x, self._footer.height())
            x = draw_text(painter, room, text, font, self.theme.color(token)) + px(8)

    def _offer(self, tools: HoverTools) -> None:
        tools.add("copy", self.tr("Copy message"), "C", self.copy)
        if self.row.run_id:
            tools.add("refresh", self.tr("Retry reply"), "R", self.retry)
        if self.row.message is None:
            return
        if self.row.message.step_id is not None:
            names: tuple[tuple[Feedback, str, str], ...] = (
                ("positive", "thumb-up", self.tr("Good reply")),
                ("negative", "thumb-down", self.tr("Bad reply")),
            )
            for kind, icon, title in names:
                button = self._thumbs[kind] = tools.add(icon, title, "", partial(self._rate, kind))
                button.setCheckable(True)
            self._show_feedback()
        tools.add("edit", self.tr("Edit reply"), "E", self.edit)
        tools.add("trash", self.tr("Delete message"), "Del", self.delete)

    def _rate(self, feedback: Feedback) -> None:
        """The same thumb again removes it."""
        self._show_feedback()
        self.context.signals.rate.emit(self.row, None if self.row.feedback == feedback else feedback)

    def _show_feedback(self) -> None:
        for kind, button in self._thumbs.items():
            given = self.row.feedback == kind
            button.setChecked(given)
            button.set_icon("thumb-up" if kind == "positive" else "thumb-down", "accent" if given else "muted")

    def _show_text(self, shown: bool) -> None:
        self.text.setVisible(shown and bool(self.row.text))
        self._thumbnails.set_visible(shown)

    def _rewritten(self, text: str, undo_memory: bool) -> None:
        self.context.signals.rewrite.emit(self.row, text)

    def _place_tools(self, tools: HoverTools) -> None:
        px = self.theme.px
        place = self._footer if not self._footer.isNull() else QRect(0, self.height() - px(20), self.width(), px(18))
        tools.move(self.width() - tools.width(), place.center().y() - tools.height() // 2)

    def retry(self) -> None:
        if self.row.run_id and self.row.state != "writing":
            self.context.signals.retry.emit(self.row)


def figures(footer: Footer, max_steps: int) -> list[str]:
    """Figures in words; what is estimated says so."""
    tr = QCoreApplication.translate
    words: list[str] = []
    about = footer.estimated
    if footer.tokens is not None:
        one = tr("Footer", "about {0} token") if about else tr("Footer", "{0} token")
        many = tr("Footer", "about {0} tokens") if about else tr("Footer", "{0} tokens")
        words.append(counted(footer.tokens, one, many))
    if footer.per_second is not None:
        speed = tr("Footer", "about {0:.1f} tokens/s") if about else tr("Footer", "{0:.1f} tokens/s")
        words.append(speed.format(footer.per_second))
    if footer.first_token_s is not None:
        words.append(tr("Footer", "first token {0:.1f} s").format(footer.first_token_s))
    if footer.estimated and footer.step_no and max_steps:
        words.append(tr("Footer", "step {0} of at most {1}").format(footer.step_no, max_steps))
    if footer.stop is not None:
        words.append(stop_text(footer.stop))
    return words


def stop_text(reason: StopReason) -> str:
    tr = QCoreApplication.translate
    words = {
        "end_turn": tr("Stop", "end of turn"),
        "cancelled": tr("Stop", "stopped"),
        "max_steps": tr("Stop", "reached the step limit"),
        "max_tokens_exceeded": tr("Stop", "cut at the output limit"),
        "no_tool_call": tr("Stop", "ended without a tool call"),
        "tool_rule": tr("Stop", "ended by a tool rule"),
        "requires_approval": tr("Stop", "waiting for your approval"),
    }
    return words.get(reason, tr("Stop", "ended early"))
