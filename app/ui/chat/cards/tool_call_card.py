"""The card of a tool call: what was done, the memory diff or arguments and result, its cause, undo."""

import time

from PySide6.QtCore import QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath
from PySide6.QtWidgets import QWidget

from app.domain.history import MemoryEvent
from app.domain.ids import short
from app.ui.chat.cards.card import TEXT_X, Card, FoldHead, draw_badge, draw_text
from app.ui.chat.cards.context import CardContext
from app.ui.chat.cards.made_files import MadeFiles
from app.ui.chat.cards.tool_text import argument_rows, duration, icon, sentence, target
from app.ui.chat.transcript.row import Row, ToolUse
from app.ui.kit.buttons import Button
from app.ui.kit.diff import DiffView
from app.ui.kit.markdown import MarkdownView
from app.ui.state.change_text import text_of, told

HEAD = 34
FOOT = 36
SIDE = 12
NAME = 118
"""Width of the column of argument names."""
MOST_LINES = 12


class ToolCallCard(Card):
    def __init__(self, context: CardContext, row: Row, parent: QWidget | None = None) -> None:
        super().__init__(context, row, parent)
        self._open: bool | None = None
        """None: as the state suggests."""
        self._whole = False
        self._box = QRectF()
        self._foot = QRect()
        self._names: list[tuple[QRect, str]] = []
        self._told = QRect()
        self._diffs: list[DiffView] = []
        self._texts: list[MarkdownView] = []
        self._files = MadeFiles(self.theme, context.images, self, context.signals.save.emit)
        self._more: Button | None = None
        self._undo: Button | None = None
        self._history: Button | None = None
        self._head = FoldHead(self.theme, self)
        self._head.clicked.connect(lambda _checked=False: self._toggle())
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._head.update)

    @property
    def use(self) -> ToolUse:
        assert self.row.tool is not None
        return self.row.tool

    @property
    def opened(self) -> bool:
        if self._open is not None:
            return self._open
        return bool(self.use.changes or self.use.files) or self.use.state == "failed"

    def text_to_copy(self) -> str:
        return self.use.result or self.use.arguments

    def undo(self) -> None:
        """Takes the memory change of this call back, or brings it back if that was done already."""
        for change in reversed(self.use.changes):
            seq = change.undone_by if change.undone_by is not None else change.seq
            self.context.signals.undo.emit(seq, change.label)

    def _toggle(self) -> None:
        self._open = not self.opened
        self._fill()
        self.resized.emit()

    def _fill(self) -> None:
        use = self.use
        words = f"{sentence(use)} {target(use)}".strip()
        self.setAccessibleName(f"{words}, {use.name}, {self._state_text()}")
        fold = self.tr("Collapse {0}") if self.opened else self.tr("Expand {0}")
        self._head.setAccessibleName(fold.format(f"{words}, {use.name}"))
        self._head.update()
        running = use.state == "running"
        if running != self._clock.isActive():
            self._clock.start() if running else self._clock.stop()
        self._fill_diffs(told(use.changes) if self.opened else ())
        self._fill_texts()
        self._files.fill(use.files if self.opened else ())
        self._fill_foot()

    def _fill_diffs(self, changes: tuple[MemoryEvent, ...]) -> None:
        while len(self._diffs) > len(changes):
            self._diffs.pop().deleteLater()
        while len(self._diffs) < len(changes):
            view = DiffView(self.theme, compact=True, parent=self)
            view.show()
            self._diffs.append(view)
        for change, view in zip(changes, self._diffs, strict=True):
            before, after = text_of(change.before), text_of(change.after)
            if (view.property("before"), view.property("after")) != (before, after):
                view.set_texts(before, after)
                view.setProperty("before", before)
                view.setProperty("after", after)
            undone = change.undone_by is not None
            view.setEnabled(not undone)
            name = self.tr("Change to block {0}, undone") if undone else self.tr("Change to block {0}")
            view.setAccessibleName(name.format(change.label))

    def _shown_texts(self) -> list[str]:
        """Values of arguments, then the result; nothing while a diff says it all."""
        use = self.use
        if not self.opened or (use.changes and self.context.mode != "debug"):
            return []
        texts = [value for _name, value in argument_rows(use.arguments)]
        return [*texts, self._result()] if use.state in ("done", "failed", "undone") else texts

    def _result(self) -> str:
        use = self.use
        extra = [
            f"{name}:\n" + "\n".join(lines) for name, lines in (("stdout", use.stdout), ("stderr", use.stderr)) if lines
        ]
        text = "\n\n".join([use.result, *extra]).strip()
        lines = text.split("\n")
        return text if self._whole or len(lines) <= MOST_LINES else "\n".join(lines[:MOST_LINES])

    def _hidden_lines(self) -> int:
        return 0 if self._whole else max(0, self.use.result.count("\n") + 1 - MOST_LINES)

    def _fill_texts(self) -> None:
        texts = self._shown_texts()
        while len(self._texts) > len(texts):
            self._texts.pop().deleteLater()
        while len(self._texts) < len(texts):
            view = self._text_view("mono")
            view.show()
            self._texts.append(view)
        names = [name for name, _value in argument_rows(self.use.arguments)]
        for index, (text, view) in enumerate(zip(texts, self._texts, strict=True)):
            view.set_plain(text)
            if index < len(names):
                named = self.tr("Argument {0} of {1}") if names[index] else self.tr("Arguments of {1}")
                view.setAccessibleName(named.format(names[index], self.use.name))
            else:
                view.setAccessibleName(self.tr("Result of {0}").format(self.use.name))
        wants_more = bool(texts) and self._hidden_lines() > 0 and len(texts) > len(names)
        if wants_more and self._more is None:
            self._more = Button(self.theme, "", "link", size="small", parent=self)
            self._more.clicked.connect(lambda _checked=False: self._show_all())
        if self._more is not None:
            self._more.setVisible(wants_more)
            self._more.setText(self.tr("Show all {0} lines").format(self.use.result.count("\n") + 1))

    def _show_all(self) -> None:
        self._whole = True
        self._fill()
        self.resized.emit()

    def _fill_foot(self) -> None:
        changes = self.use.changes
        if changes and self._undo is None:
            self._undo = Button(self.theme, "", "", "undo", "small", self)
            self._undo.clicked.connect(lambda _checked=False: self.undo())
            self._history = Button(self.theme, self.tr("History"), "ghost", "history", "small", self)
            self._history.clicked.connect(lambda _checked=False: self._show_history())
        if self._undo is None or self._history is None:
            return
        shown = bool(changes) and self.opened
        self._undo.setVisible(shown)
        self._history.setVisible(shown)
        if changes:
            label, undone = target(self.use), self.use.state == "undone"
            self._undo.setText(self.tr("Redo") if undone else self.tr("Undo"))
            self._undo.set_icon("redo" if undone else "undo")
            name = self.tr("Redo change to block {0}") if undone else self.tr("Undo change to block {0}")
            self._undo.setAccessibleName(name.format(label))
            self._history.setAccessibleName(self.tr("History of block {0}").format(label))

    def _show_history(self) -> None:
        self.context.signals.history.emit(told(self.use.changes)[0].target_id)

    def _lay_body(self, width: int) -> int:
        px = self.theme.px
        left = px(TEXT_X)
        inner = width - left
        self._head.setGeometry(left, 0, inner, px(HEAD))
        top = px(HEAD)
        for view in self._diffs:
            height = view.heightForWidth(inner - 2)
            view.setGeometry(left + 1, top + 1, inner - 2, height)
            top += height + 1
        top = self._lay_texts(left, top, inner)
        top = self._files.lay_out(left, top, inner)
        self._foot = QRect()
        if self.use.changes and self.opened:
            self._foot = QRect(left, top, inner, px(FOOT))
            self._lay_foot(left + inner - px(8))
            top += px(FOOT)
        self._box = QRectF(left, 0, inner, top)
        return top

    def _lay_texts(self, left: int, top: int, inner: int) -> int:
        px = self.theme.px
        self._names, self._told = [], QRect()
        if not self._texts:
            return top
        lines = argument_rows(self.use.arguments)
        top += px(8)
        for index, view in enumerate(self._texts):
            is_result = index >= len(lines)
            name = self._result_name() if is_result else lines[index][0]
            beside = px(NAME) if name and not is_result else 0
            if is_result:
                self._names.append((QRect(left + px(SIDE), top, inner - 2 * px(SIDE), px(20)), name))
                top += px(22)
            elif name:
                self._names.append((QRect(left + px(SIDE), top, px(NAME) - px(8), px(18)), name))
            height = view.height_for(inner - 2 * px(SIDE) - beside)
            view.setGeometry(left + px(SIDE) + beside, top, inner - 2 * px(SIDE) - beside, height)
            top += height + px(6)
        if self._more is not None and self._more.isVisibleTo(self):
            size = self._more.sizeHint()
            self._more.setGeometry(left + px(SIDE) - px(4), top, size.width(), size.height())
            top += size.height()
        return top + px(6)

    def _result_name(self) -> str:
        return self.tr("The agent was told") if self.use.state == "failed" else self.tr("Result")

    def _lay_foot(self, right: int) -> None:
        assert self._undo is not None
        assert self._history is not None
        for button in (self._history, self._undo):
            size = button.sizeHint()
            right -= size.width()
            top = self._foot.center().y() - size.height() // 2 + 1
            button.setGeometry(right, top, size.width(), size.height())
            right -= self.theme.px(6)
        self._foot.setRight(right)

    def _paint_body(self, painter: QPainter) -> None:
        px, theme = self.theme.px, self.theme
        box = self._box.adjusted(0.5, 0.5, -0.5, -0.5)
        path = QPainterPath()
        path.addRoundedRect(box, px(8), px(8))
        painter.fillPath(path, theme.color("surface"))
        failed = self.use.state == "failed"
        if failed:
            painter.save()
            painter.setClipPath(path)
            painter.fillRect(QRectF(box.left(), 0, box.width(), px(HEAD)), theme.color("dangertint"))
            painter.restore()
        painter.setPen(theme.color("danger" if failed else "line"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        if box.height() > px(HEAD) + 2:
            painter.fillRect(QRectF(box.left(), px(HEAD), box.width(), 1), theme.color("line"))
        if not self._foot.isNull():
            painter.fillRect(QRectF(box.left(), self._foot.top(), box.width(), 1), theme.color("line"))
            self._paint_cause(painter, self._foot.adjusted(px(SIDE), 0, -px(4), 0))
        for rect, name in self._names:
            is_result = rect.width() > px(NAME)
            font = theme.font("label", 500) if is_result else theme.font("mono")
            token = "danger" if is_result and failed else "text2"
            draw_text(painter, rect, name, font, theme.color(token))

    def _paint_cause(self, painter: QPainter, place: QRect) -> None:
        """The quoted message gives way first; run and version are always readable."""
        font, color, where = self.theme.font("label"), self.theme.color("muted"), self._where()
        cause = " ".join(self.use.changes[0].cause.split())
        if cause:
            metrics = QFontMetrics(font)
            pattern = self.tr("Because of your message “{0}” · {1}")
            room = place.width() - metrics.horizontalAdvance(pattern.format("", where))
            if room > self.theme.px(40):
                where = pattern.format(metrics.elidedText(cause, Qt.TextElideMode.ElideRight, room), where)
        draw_text(painter, place, where, font, color)

    def _where(self) -> str:
        change = told(self.use.changes)[0]
        parts: list[str] = []
        run_id = change.origin.run_id or self.row.run_id
        if run_id:
            words = self.tr("run {0}, step {1}") if self.use.step_no else self.tr("run {0}")
            parts.append(words.format(short(run_id), self.use.step_no))
        parts.append(f"v{change.version - 1} → v{change.version}")
        return " · ".join(parts)

    def _state_text(self) -> str:
        use = self.use
        words = {
            "writing": self.tr("being written"),
            "running": self.tr("running"),
            "failed": self.tr("failed"),
            "undone": self.tr("undone"),
            "interrupted": self.tr("interrupted"),
            "waiting": self.tr("not yet carried out"),
        }
        if use.state == "done":
            return duration(use.duration_ms) if use.duration_ms is not None else self.tr("done")
        if use.state == "running" and use.since:
            return self.tr("running, {0} s").format(max(0, int(time.time() - use.since / 1_000_000)))
        return words[use.state]

    def paint_head(self, painter: QPainter, rect: QRect) -> None:
        px, theme, use = self.theme.px, self.theme, self.use
        name, token = icon(use)
        side = px(16)
        pixmap = theme.pixmap(name, "danger" if use.state == "failed" else token, 16)
        painter.drawPixmap(px(SIDE), (rect.height() - side) // 2, side, side, pixmap)
        chevron = theme.pixmap("chevron-up" if self.opened else "chevron-down", "muted", 14)
        edge = rect.right() - px(10) - px(14)
        painter.drawPixmap(edge, (rect.height() - px(14)) // 2, px(14), px(14), chevron)
        edge = self._paint_state(painter, rect, edge - px(12))
        x = px(SIDE) + side + px(9)
        words = theme.font("base", 500)
        x = draw_text(painter, QRect(x, 0, edge - x, rect.height()), sentence(use), words, theme.color("text")) + px(8)
        about = target(use)
        if about:
            x = draw_badge(painter, theme, QRect(x, 0, edge - x, rect.height()), about, "accent") + px(8)
        if use.approximate:
            text = self.tr("approximate match")
            x = draw_badge(painter, theme, QRect(x, 0, edge - x, rect.height()), text, "warn") + px(8)
        if edge - x > px(40):
            draw_text(painter, QRect(x, 0, edge - x, rect.height()), use.name, theme.font("ids"), theme.color("muted"))

    def _paint_state(self, painter: QPainter, rect: QRect, right: int) -> int:
        """Time or state at the right of the head. Returns the x left of it."""
        px, theme, use = self.theme.px, self.theme, self.use
        text, font = self._state_text(), theme.font("label")
        width = QFontMetrics(font).horizontalAdvance(text)
        tokens = {"failed": "danger", "undone": "text2", "running": "accent", "interrupted": "warn", "waiting": "warn"}
        painter.setFont(font)
        painter.setPen(theme.color(tokens.get(use.state, "muted")))
        place = QRect(right - width, 0, width, rect.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        icons = {"done": ("check", "ok"), "failed": ("error", "danger"), "undone": ("undo", "text2")}
        found = icons.get(use.state)
        if found is None:
            return right - width - px(10)
        side = px(14)
        left = right - width - px(6) - side
        painter.drawPixmap(left, (rect.height() - side) // 2, side, side, theme.pixmap(found[0], found[1], 14))
        return left - px(10)
