"""Shows the transcript model as cards: only those near the view exist, each placed by hand at a known height.

Heights of cards that do not exist yet are guessed; when one is measured, what the reader looks at stays where it is.
"""

from PySide6.QtCore import QCoreApplication, QEvent, QModelIndex, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame, QWidget

from app.ui.chat.cards.card import Card
from app.ui.chat.cards.card_kinds import fits, make_card
from app.ui.chat.cards.context import CardContext
from app.ui.chat.transcript.card_holder import CardHolder
from app.ui.chat.transcript.model import TranscriptModel
from app.ui.chat.transcript.paragraph_speaker import ParagraphSpeaker
from app.ui.chat.transcript.row import Row
from app.ui.chat.transcript.row_layout import Anchor, RowLayout, column_in
from app.ui.kit.buttons import Button
from app.ui.kit.focus_order import focused_inside, make_one_stop
from app.ui.theme import Theme

MOUNTED = 60
"""Cards that exist at most."""
AHEAD = 2
"""Cards mounted ahead of need in one go of the event loop."""
NEAR = 12
"""Rows from an end at which more are asked for."""
WHEEL = 60
PAGE_OVERLAP = 40


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
        self._lines = RowLayout(theme)
        self._cards: dict[str, Card] = {}
        self._stick = True
        self._asked = ""
        self._last = ""
        """Key of the row whose card had the keyboard last."""
        self._laying = False
        self._speaker = ParagraphSpeaker(self)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(self.tr("Conversation"))
        make_one_stop(self)
        self._content = CardHolder(self.viewport(), self, self.cards)
        self._content.tabbed.connect(self.reveal)
        self._below = Button(theme, self.tr("New text below"), icon="chevron-down", size="small", parent=self)
        self._below.clicked.connect(lambda _checked=False: self.go_below())
        self._below.hide()
        self._ahead = QTimer(self)
        self._ahead.timeout.connect(self._mount_ahead)
        self.verticalScrollBar().setSingleStep(theme.px(40))
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        model.modelReset.connect(self._reset)
        model.reshaped.connect(self._rows_moved)
        model.dataChanged.connect(self._rows_changed)
        theme.changing.connect(self._shed)
        theme.changed.connect(self.refresh)

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

    def cards(self) -> list[Card]:
        """The cards that exist, in reading order."""
        return [self._cards[row.key] for row in self._rows if row.key in self._cards]

    def in_view(self) -> range:
        """Numbers of the rows that show."""
        return self._visible()

    def to_bottom(self) -> None:
        self._stick = True
        self._below.hide()
        self._lay_out()

    def show_row(self, number: int, focus: bool = False) -> Card | None:
        """Scrolls so that a row is in view."""
        if not 0 <= number < len(self._rows):
            return None
        self._stick = False
        self._scroll_to(max(0, self._lines.tops[number] - self._theme.px(48)))
        self._lay_out((self._rows[number].key, self._theme.px(48)))
        card = self._cards.get(self._rows[number].key)
        if card is not None and focus:
            card.setFocus(Qt.FocusReason.ShortcutFocusReason)
        return card

    def anchor(self) -> Anchor | None:
        """What is at the top of the view: key of the row and its distance; None at the bottom."""
        return None if self._stick else self._lines.anchor(self.verticalScrollBar().value())

    def go_to(self, anchor: Anchor | None) -> None:
        """Back to where `anchor()` said the reader was."""
        if anchor is None:
            self.to_bottom()
        else:
            self._stick = False
            self._lay_out(anchor)

    def column(self) -> tuple[int, int]:
        """Left edge and width of the text column."""
        return column_in(self._theme, self.width())

    # Rows

    def _reset(self) -> None:
        self._asked = ""
        self._take_rows()
        self._drop_strangers()
        self._speaker.skip(self._rows)
        for row in self._rows:
            if row.key in self._cards:
                self._cards[row.key].show_row(row)
        self._remeasure()
        self._lay_out()

    def _rows_moved(self) -> None:
        anchor = self.anchor()
        newest = self._rows[-1].key if self._rows else ""
        self._take_rows()
        self._asked = ""
        self._drop_strangers()
        self._lay_out(anchor)
        if self._rows and self._rows[-1].key != newest:
            self._offer_below()

    def _rows_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        anchor, dirty = self.anchor(), False
        for number in range(first.row(), last.row() + 1):
            row = self._rows[number] = self._model.row(number)
            card = self._cards.get(row.key)
            if card is None or not fits(card, row):
                self._lines.forget(row.key)
                if card is not None:
                    self._unmount(row.key)
                dirty = True
                continue
            card.show_row(row)
            dirty |= self._measure(row.key, card)
            self._speaker.tell(row)
        if dirty:
            self._lay_out(anchor)
            if last.row() == len(self._rows) - 1:
                self._offer_below()

    def _drop_strangers(self) -> None:
        """Lets cards go whose row is gone, or has become one of another kind."""
        for key, card in list(self._cards.items()):
            number = self._lines.number(key)
            if number < 0 or not fits(card, self._rows[number]):
                self._unmount(key)

    def _take_rows(self) -> None:
        self._lines.set_rows(list(self._model.rows))

    @property
    def _rows(self) -> list[Row]:
        return self._lines.rows

    # Geometry

    def _lay_out(self, anchor: Anchor | None = None) -> None:
        """Places everything; measures what is in view until nothing moves any more."""
        if self._laying:
            return
        self._laying = True
        try:
            for _attempt in range(8):
                self._lines.compute(self.column()[1])
                self._range(anchor)
                if not self._mount_visible():
                    break
            self._place_cards()
        finally:
            self._laying = False
        self._ahead.start()
        self._ask_for_more()

    def _range(self, anchor: Anchor | None) -> None:
        bar, height = self.verticalScrollBar(), self.viewport().height()
        most = max(0, self._lines.total - height)
        value = bar.value()
        if self._stick:
            value = most
        elif anchor is not None:
            wanted = self._lines.scroll_for(anchor)
            value = value if wanted is None else wanted
        bar.blockSignals(True)
        bar.setRange(0, most)
        bar.setPageStep(height)
        bar.setValue(min(max(0, value), most))
        bar.blockSignals(False)
        self._content.setGeometry(0, -bar.value(), self.viewport().width(), max(self._lines.total, height))

    def _visible(self, margin: int = 0) -> range:
        top = self.verticalScrollBar().value()
        return self._lines.between(top - margin, top + self.viewport().height() + margin)

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
        """Makes a card. Returns whether its height is another one than expected."""
        expected = self._lines.expected(row, self.column()[1])
        card = self._cards[row.key] = make_card(self._context, row, self._content)
        card.resized.connect(lambda key=row.key: self._card_resized(key))
        card.grew.connect(lambda key=row.key: self._card_grew(key))
        self._measure(row.key, card)
        card.show()
        return self._lines.height(row.key) != expected

    def _measure(self, key: str, card: Card) -> bool:
        return self._lines.measured(key, card.lay_out(self.column()[1]))

    def _mount_ahead(self) -> None:
        """Cards just outside of the view, a few at a time while nothing else is to be done."""
        near = self._visible(self.viewport().height())
        missing = [number for number in near if self._rows[number].key not in self._cards]
        room = MOUNTED - len(self._cards)
        if not missing or room <= 0:
            self._ahead.stop()
            return
        middle = self._lines.first_at(self.verticalScrollBar().value())
        anchor = self.anchor()
        missing.sort(key=lambda number: abs(number - middle))
        for number in missing[: min(AHEAD, room)]:
            self._mount(self._rows[number])
        self._lay_out(anchor)

    def _trim(self) -> None:
        """Lets the farthest cards go, but not one that is being edited or has the focus."""
        surplus = len(self._cards) - MOUNTED
        if surplus <= 0:
            return
        seen, number = self._visible(), self._lines.number
        middle = (seen.start + seen.stop) // 2
        for key in sorted(self._cards, key=lambda key: -abs(number(key) - middle)):
            if surplus <= 0 or number(key) in seen:
                break
            if not self._is_held(self._cards[key]):
                self._unmount(key)
                surplus -= 1

    def _is_held(self, card: Card) -> bool:
        """Whether a person is at work in this card."""
        focused = focused_inside(self)
        return card.editing or card is focused or (focused is not None and card.isAncestorOf(focused))

    def _unmount(self, key: str) -> None:
        card = self._cards.pop(key)
        card.hide()
        card.deleteLater()

    def _shed(self) -> None:
        """Lets the cards go that nobody sees; they are made again in the new looks when they are needed."""
        seen = self._visible()
        for key, card in list(self._cards.items()):
            if self._lines.number(key) not in seen and not self._is_held(card):
                self._unmount(key)
                QCoreApplication.sendPostedEvents(card, QEvent.Type.DeferredDelete)

    def _place_cards(self) -> None:
        left, width = self.column()
        for number, row in enumerate(self._rows):
            card = self._cards.get(row.key)
            if card is not None:
                card.setGeometry(left, self._lines.tops[number], width, self._lines.expected(row, width))
        size = self._below.sizeHint()
        place = QPoint((self.viewport().width() - size.width()) // 2, self.viewport().height() - size.height() - 8)
        self._below.setGeometry(place.x(), place.y(), size.width(), size.height())

    def _card_resized(self, key: str) -> None:
        card = self._cards.get(key)
        if card is None:
            return
        anchor = self.anchor()
        if anchor is None and self.verticalScrollBar().value() < self.verticalScrollBar().maximum():
            anchor = (key, card.y() - self.verticalScrollBar().value())
        # What a person opens stays under the pointer, even at the bottom.
        if self._stick and self.verticalScrollBar().maximum() > 0:
            anchor, self._stick = (key, card.y() - self.verticalScrollBar().value()), False
        self._measure(key, card)
        self._lay_out(anchor)
        self._stick = self.verticalScrollBar().value() >= self.verticalScrollBar().maximum() - 2

    def _card_grew(self, key: str) -> None:
        card = self._cards.get(key)
        if card is not None and self._measure(key, card):
            self._lay_out(self.anchor())

    # Scrolling

    def _scroll_to(self, value: int) -> None:
        self.verticalScrollBar().setValue(value)

    def _scrolled(self, value: int) -> None:
        bar = self.verticalScrollBar()
        self._stick = value >= bar.maximum() - self._theme.px(4)
        if self._stick and not self._model.log.has_later:
            self._below.hide()
        self._content.move(0, -value)
        self._lay_out(None if self._stick else self.anchor())

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

    def go_below(self) -> None:
        """To the newest text, loaded or not."""
        if self._model.log.has_later:
            self.newest_wanted.emit()
        else:
            self.to_bottom()

    def reveal(self, widget: QWidget, part: QRect | None = None) -> None:
        """Scrolls just as far as needed to see a widget of a card, or a part of it."""
        shown = part or widget.rect()
        top = widget.mapTo(self._content, shown.topLeft()).y()
        value, height = self.verticalScrollBar().value(), self.viewport().height()
        bottom = top + min(shown.height(), height)
        if top < value:
            self._scroll_to(top - self._theme.px(24))
        elif bottom > value + height:
            self._scroll_to(bottom - height + self._theme.px(16))

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Done in `_scrolled`, where cards are made as well."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        pixels = event.pixelDelta().y()
        step = -pixels if pixels else -event.angleDelta().y() * self._theme.px(WHEEL) // 120
        self._scroll_to(self.verticalScrollBar().value() + step)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from card to card; pages and ends move the view."""
        bar = self.verticalScrollBar()
        page = bar.pageStep() - PAGE_OVERLAP
        match event.key():
            case Qt.Key.Key_Home:
                bar.setValue(0)
            case Qt.Key.Key_End:
                self.go_below()
            case Qt.Key.Key_PageUp:
                bar.setValue(bar.value() - page)
            case Qt.Key.Key_PageDown:
                bar.setValue(bar.value() + page)
            case Qt.Key.Key_Up:
                self._focus_neighbour(-1)
            case Qt.Key.Key_Down:
                self._focus_neighbour(1)
            case _:
                super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """One stop: Tab comes to the card that had the keyboard last, else to the newest in view."""
        super().focusInEvent(event)
        seen = [self._cards.get(self._rows[number].key) for number in self._visible()]
        shown = [card for card in seen if card is not None and card.focusPolicy() != Qt.FocusPolicy.NoFocus]
        if shown and event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            last = next((card for card in shown if card.row.key == self._last), shown[-1])
            last.setFocus(event.reason())

    def _focus_neighbour(self, by: int) -> None:
        """From the focused card to its neighbour; from anywhere else to the last card in view."""
        focused = QApplication.focusWidget()
        held = [card for card in self.cards() if card is focused or (focused and card.isAncestorOf(focused))]
        number = self._lines.number(held[0].row.key) + by if held else self._visible().stop - 1
        if not 0 <= number < len(self._rows):
            return
        card = self._cards.get(self._rows[number].key) or self.show_row(number)
        if card is not None:
            self._last = card.row.key
            card.setFocus(Qt.FocusReason.TabFocusReason)
            self.reveal(card)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        anchor = self.anchor()
        if event.oldSize().width() != event.size().width():
            self._remeasure()
        self._lay_out(anchor)

    def refresh(self) -> None:
        """Everything anew, after the context of the cards or the theme changed."""
        anchor = self.anchor()
        self._shed()
        for card in self._cards.values():
            card.restyle()
        self._remeasure()
        self._lay_out(anchor)

    def _remeasure(self) -> None:
        self._lines.forget_all()
        for key, card in self._cards.items():
            self._measure(key, card)
