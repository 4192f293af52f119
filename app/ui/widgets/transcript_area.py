"""Shows the transcript model as cards: only those near the view exist, each placed by hand at a known height.

Heights of cards that do not exist yet are guessed; when one is measured, what the reader looks at stays where it is.
"""

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from app.ui.models.transcript import TranscriptModel
from app.ui.models.transcript_row import Row
from app.ui.theme import Theme
from app.ui.widgets.announce import announce
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card, CardContext
from app.ui.widgets.cards import fits, gap_above, guess_height, make_card
from app.ui.widgets.focus_order import focusable_in, next_outside

MOUNTED = 60
"""Cards that exist at most."""
AHEAD = 2
"""Cards mounted ahead of need in one go of the event loop."""
COLUMN_MIN, COLUMN_MAX, MARGIN = 672, 820, 32
PAD_TOP, PAD_BOTTOM = 24, 20
NEAR = 12
"""Rows from an end at which more are asked for."""
WHEEL = 60


class _Content(QWidget):
    """Holds the cards; Tab walks them in reading order, whatever order they were made in."""

    def __init__(self, area: "TranscriptArea") -> None:
        super().__init__(area.viewport())
        self._area = area

    def focusNextPrevChild(self, forward: bool) -> bool:
        return self._area.move_focus(forward)


class TranscriptArea(QAbstractScrollArea):
    more_wanted = Signal(str)
    """`earlier` or `later`: the reader nears an end of the loaded part."""
    newest_wanted = Signal()
    """The button below was pressed while newer messages are not loaded."""

    def __init__(
        self, theme: Theme, model: TranscriptModel, context: CardContext, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._model = model
        self._context = context
        self._rows: list[Row] = []
        self._tops: list[int] = []
        self._heights: dict[str, int] = {}
        self._guesses: dict[str, int] = {}
        self._cards: dict[str, Card] = {}
        self._total = 0
        self._stick = True
        self._asked = ""
        self._laying = False
        self._spoken: dict[str, int] = {}
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(self.tr("Conversation"))
        self._content = _Content(self)
        self._below = Button(theme, self.tr("New text below"), icon="chevron-down", size="small", parent=self)
        self._below.clicked.connect(lambda _checked=False: self._go_below())
        self._below.hide()
        self._ahead = QTimer(self)
        self._ahead.setInterval(0)
        self._ahead.timeout.connect(self._mount_ahead)
        self.verticalScrollBar().setSingleStep(theme.px(40))
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        model.modelReset.connect(self._reset)
        model.reshaped.connect(self._rows_moved)
        model.dataChanged.connect(self._rows_changed)
        theme.changed.connect(self._restyle)

    # What others use

    @property
    def at_bottom(self) -> bool:
        return self._stick

    @property
    def mounted(self) -> int:
        return len(self._cards)

    def card(self, key: str) -> Card | None:
        """The card of a row, if it exists now."""
        return self._cards.get(key)

    def to_bottom(self) -> None:
        self._stick = True
        self._below.hide()
        self._lay_out()

    def show_row(self, number: int, focus: bool = False) -> Card | None:
        """Scrolls so that a row is in view."""
        if not 0 <= number < len(self._rows):
            return None
        self._stick = False
        self._scroll_to(max(0, self._tops[number] - self._theme.px(48)))
        self._lay_out((self._rows[number].key, self._theme.px(48)))
        card = self._cards.get(self._rows[number].key)
        if card is not None and focus:
            card.setFocus(Qt.FocusReason.ShortcutFocusReason)
        return card

    def place(self) -> tuple[str, int] | None:
        """What is at the top of the view: key of the row and its distance; None at the bottom."""
        return None if self._stick else self._anchor()

    def go_to(self, place: tuple[str, int] | None) -> None:
        """Back to where `place()` said the reader was."""
        if place is None:
            self.to_bottom()
        else:
            self._stick = False
            self._lay_out(place)

    def column(self) -> tuple[int, int]:
        """Left edge and width of the text column, for whatever wants to stand in line with it."""
        return self.column_in(self.width())

    def column_in(self, room: int) -> tuple[int, int]:
        """The same for another width of the whole area."""
        px = self._theme.px
        width = min(px(COLUMN_MAX), max(min(room - 2 * px(16), px(COLUMN_MIN)), room - 2 * px(MARGIN)))
        return (room - width) // 2, width

    def move_focus(self, forward: bool) -> bool:
        """Tab inside of the cards."""
        current = self.focusWidget() or self
        order = focusable_in([self._cards[row.key] for row in self._rows if row.key in self._cards])
        at = order.index(current) if current in order else -1
        step = at + (1 if forward else -1)
        if at >= 0 and 0 <= step < len(order):
            target: QWidget | None = order[step]
        else:
            target = next_outside(self, forward=forward)
        if target is None:
            return False
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        target.setFocus(reason)
        self._reveal(target)
        return True

    # Rows

    def _reset(self) -> None:
        self._asked = ""
        self._take_rows()
        self._drop_strangers()
        self._spoken = {row.key: len(row.text) for row in self._rows}
        for row in self._rows:
            if row.key in self._cards:
                self._cards[row.key].show_row(row)
        self._remeasure()
        self._lay_out()

    def _rows_moved(self) -> None:
        anchor = self._anchor()
        newest = self._rows[-1].key if self._rows else ""
        self._take_rows()
        self._asked = ""
        known = self._index()
        for key in [
            key for key in self._cards if key not in known or not fits(self._cards[key], self._rows[known[key]])
        ]:
            self._unmount(key)
        self._lay_out(anchor)
        if self._rows and self._rows[-1].key != newest:
            self._offer_below()

    def _rows_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        anchor, dirty = self._anchor(), False
        for number in range(first.row(), last.row() + 1):
            row = self._rows[number] = self._model.row(number)
            card = self._cards.get(row.key)
            if card is None or not fits(card, row):
                self._heights.pop(row.key, None)
                self._guesses.pop(row.key, None)
                if card is not None:
                    self._unmount(row.key)
                dirty = True
                continue
            card.show_row(row)
            dirty |= self._measure(row.key, card)
            self._announce(row)
        if dirty:
            self._lay_out(anchor)
            if last.row() == len(self._rows) - 1:
                self._offer_below()

    def _drop_strangers(self) -> None:
        """Lets cards go whose row is gone, or has become one of another kind."""
        known = self._index()
        for key, card in list(self._cards.items()):
            if key not in known or not fits(card, self._rows[known[key]]):
                self._unmount(key)

    def _take_rows(self) -> None:
        self._rows = list(self._model.rows)

    def _index(self) -> dict[str, int]:
        return {row.key: number for number, row in enumerate(self._rows)}

    # Geometry

    def _anchor(self) -> tuple[str, int] | None:
        """The row at the top of the view and its distance from it. None while the view sticks to the bottom."""
        if self._stick or not self._tops:
            return None
        scroll = self.verticalScrollBar().value()
        number = self._first_at(scroll)
        return self._rows[number].key, self._tops[number] - scroll

    def _first_at(self, y: int) -> int:
        """Number of the last row that begins at or above y."""
        low, high = 0, len(self._tops) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self._tops[middle] <= y:
                low = middle
            else:
                high = middle - 1
        return low

    def _height(self, row: Row, width: int) -> int:
        known = self._heights.get(row.key) or self._guesses.get(row.key)
        if known is None:
            known = self._guesses[row.key] = self._theme.px(guess_height(row, round(width / self._theme.scale)))
        return known

    def _compute(self) -> None:
        width = self.column()[1]
        y, before, tops = self._theme.px(PAD_TOP), None, []
        for row in self._rows:
            y += self._theme.px(gap_above(row, before))
            tops.append(y)
            y += self._height(row, width)
            before = row
        self._tops = tops
        self._total = y + self._theme.px(PAD_BOTTOM)

    def _lay_out(self, anchor: tuple[str, int] | None = None) -> None:
        """Places everything; measures what is in view until nothing moves any more."""
        if self._laying:
            return
        self._laying = True
        try:
            for _attempt in range(8):
                self._compute()
                self._range(anchor)
                if not self._mount_visible():
                    break
            self._place_cards()
        finally:
            self._laying = False
        self._ahead.start()
        self._ask_for_more()

    def _range(self, anchor: tuple[str, int] | None) -> None:
        bar, height = self.verticalScrollBar(), self.viewport().height()
        most = max(0, self._total - height)
        value = bar.value()
        if self._stick:
            value = most
        elif anchor is not None:
            number = next((i for i, row in enumerate(self._rows) if row.key == anchor[0]), -1)
            value = self._tops[number] - anchor[1] if number >= 0 else value
        bar.blockSignals(True)
        bar.setRange(0, most)
        bar.setPageStep(height)
        bar.setValue(min(max(0, value), most))
        bar.blockSignals(False)
        self._content.setGeometry(0, -bar.value(), self.viewport().width(), max(self._total, height))

    def _visible(self, margin: int = 0) -> range:
        if not self._tops:
            return range(0)
        top = self.verticalScrollBar().value() - margin
        bottom = top + self.viewport().height() + 2 * margin
        first = self._first_at(max(0, top))
        last = first
        while last < len(self._tops) and self._tops[last] <= bottom:
            last += 1
        return range(first, last)

    def _mount_visible(self) -> bool:
        """Makes the cards in view. Returns whether a height turned out different from its guess."""
        moved = False
        for number in self._visible():
            row = self._rows[number]
            if row.key not in self._cards:
                moved |= self._mount(row)
        self._trim()
        return moved

    def _mount(self, row: Row) -> bool:
        guessed = self._height(row, self.column()[1])
        card = self._cards[row.key] = make_card(self._context, row, self._content)
        card.resized.connect(lambda key=row.key: self._card_resized(key))
        self._measure(row.key, card)
        card.show()
        return self._heights[row.key] != guessed

    def _measure(self, key: str, card: Card) -> bool:
        height = card.lay_out(self.column()[1])
        changed = self._heights.get(key) != height
        self._heights[key] = height
        if not changed and card.height() != height:
            card.resize(card.width(), height)
        return changed

    def _mount_ahead(self) -> None:
        """Cards just outside of the view, a few at a time while nothing else is to be done."""
        near = self._visible(self.viewport().height())
        missing = [number for number in near if self._rows[number].key not in self._cards]
        room = MOUNTED - len(self._cards)
        if not missing or room <= 0:
            self._ahead.stop()
            return
        middle = self._first_at(self.verticalScrollBar().value())
        anchor = self._anchor()
        missing.sort(key=lambda number: abs(number - middle))
        for number in missing[: min(AHEAD, room)]:
            self._mount(self._rows[number])
        self._lay_out(anchor)

    def _trim(self) -> None:
        """Lets the farthest cards go, but not one that is being edited or has the focus."""
        surplus = len(self._cards) - MOUNTED
        if surplus <= 0:
            return
        index, seen = self._index(), self._visible()
        middle = (seen.start + seen.stop) // 2
        far = sorted(self._cards, key=lambda key: -abs(index.get(key, -1) - middle))
        for key in far:
            if surplus <= 0 or index.get(key, -1) in seen:
                break
            card = self._cards[key]
            if card.isAncestorOf(self.focusWidget()) or card is self.focusWidget() or getattr(card, "editing", False):
                continue
            self._unmount(key)
            surplus -= 1

    def _unmount(self, key: str) -> None:
        card = self._cards.pop(key)
        card.hide()
        card.deleteLater()

    def _place_cards(self) -> None:
        left, width = self.column()
        for number, row in enumerate(self._rows):
            card = self._cards.get(row.key)
            if card is not None:
                card.setGeometry(left, self._tops[number], width, self._heights[row.key])
        size = self._below.sizeHint()
        place = QPoint((self.viewport().width() - size.width()) // 2, self.viewport().height() - size.height() - 8)
        self._below.setGeometry(place.x(), place.y(), size.width(), size.height())

    def _card_resized(self, key: str) -> None:
        card = self._cards.get(key)
        if card is None:
            return
        anchor = self._anchor()
        if anchor is None and self.verticalScrollBar().value() < self.verticalScrollBar().maximum():
            anchor = (key, card.y() - self.verticalScrollBar().value())
        # What a person opens stays under the pointer, even at the bottom.
        if self._stick and self.verticalScrollBar().maximum() > 0:
            anchor, self._stick = (key, card.y() - self.verticalScrollBar().value()), False
        self._measure(key, card)
        self._lay_out(anchor)
        self._stick = self.verticalScrollBar().value() >= self.verticalScrollBar().maximum() - 2

    # Scrolling

    def _scroll_to(self, value: int) -> None:
        self.verticalScrollBar().setValue(value)

    def _scrolled(self, value: int) -> None:
        bar = self.verticalScrollBar()
        self._stick = value >= bar.maximum() - self._theme.px(4)
        if self._stick and not self._model.log.has_later:
            self._below.hide()
        self._content.move(0, -value)
        self._lay_out(None if self._stick else self._anchor())

    def _ask_for_more(self) -> None:
        if self._asked or not self._rows:
            return
        seen, log = self._visible(), self._model.log
        if seen.start < NEAR and log.has_earlier:
            self._asked = "earlier"
        elif seen.stop > len(self._rows) - NEAR and log.has_later:
            self._asked = "later"
        if self._asked:
            QTimer.singleShot(0, self, self._ask)

    def _ask(self) -> None:
        if self._asked:
            self.more_wanted.emit(self._asked)

    def _offer_below(self) -> None:
        if not self._stick and self.verticalScrollBar().value() < self.verticalScrollBar().maximum():
            self._below.show()
            self._below.raise_()

    def _go_below(self) -> None:
        if self._model.log.has_later:
            self.newest_wanted.emit()
        else:
            self.to_bottom()

    def _reveal(self, widget: QWidget) -> None:
        if not self._content.isAncestorOf(widget):
            return
        top = widget.mapTo(self._content, QPoint(0, 0)).y()
        value, height = self.verticalScrollBar().value(), self.viewport().height()
        if top < value:
            self._scroll_to(top - self._theme.px(24))
        elif top + min(widget.height(), height) > value + height:
            self._scroll_to(top + min(widget.height(), height) - height + self._theme.px(16))

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Done in `_scrolled`, where cards are made as well."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        pixels = event.pixelDelta().y()
        step = -pixels if pixels else -event.angleDelta().y() * self._theme.px(WHEEL) // 120
        self._scroll_to(self.verticalScrollBar().value() + step)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        bar = self.verticalScrollBar()
        match event.key():
            case Qt.Key.Key_Home:
                self._scroll_to(0)
            case Qt.Key.Key_End:
                self._go_below()
            case Qt.Key.Key_PageUp:
                self._scroll_to(bar.value() - bar.pageStep() + self._theme.px(40))
            case Qt.Key.Key_PageDown:
                self._scroll_to(bar.value() + bar.pageStep() - self._theme.px(40))
            case Qt.Key.Key_Up | Qt.Key.Key_Down:
                self._step_card(-1 if event.key() == Qt.Key.Key_Up else 1)
            case _:
                super().keyPressEvent(event)

    def _step_card(self, by: int) -> None:
        """Arrow keys go from card to card."""
        index, focused = self._index(), self.focusWidget()
        current = next(
            (key for key, card in self._cards.items() if card is focused or card.isAncestorOf(focused)), None
        )
        number = index[current] + by if current in index else self._visible().stop - 1
        if not 0 <= number < len(self._rows):
            return
        if self._rows[number].key not in self._cards:
            self.show_row(number)
        card = self._cards.get(self._rows[number].key)
        if card is not None:
            card.setFocus(Qt.FocusReason.TabFocusReason)
            self._reveal(card)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        anchor = self._anchor()
        if event.oldSize().width() != event.size().width():
            self._remeasure()
        self._lay_out(anchor)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._lay_out(self._anchor())

    def refresh(self) -> None:
        """Everything anew, after the context of the cards changed."""
        self._restyle()

    def _restyle(self) -> None:
        anchor = self._anchor()
        for card in self._cards.values():
            card.restyle()
        self._remeasure()
        self._lay_out(anchor)

    def _remeasure(self) -> None:
        self._guesses, self._heights = dict(self._heights), {}
        for key, card in self._cards.items():
            self._measure(key, card)

    def _announce(self, row: Row) -> None:
        """New text of the agent, once per paragraph."""
        if row.kind != "assistant":
            return
        done = self._spoken.get(row.key, 0)
        end = row.text.rfind("\n\n") if row.state == "writing" else len(row.text)
        if end > done:
            self._spoken[row.key] = end
            announce(self, row.text[done:end].strip())
