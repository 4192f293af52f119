"""An agent's life on one line per kind of actor: when memory changed, and between which two points one looks."""

import datetime
from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.domain.history import ChangeKind, Life, LifeMark, Tick
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import count, full_time, locale, moment, short_date
from app.ui.memory.history.sentences import KIND_LOOK, kind_words
from app.ui.theme import Theme

LABELS, TOP, LANE, AXIS, RIGHT = 110, 26, 20, 24, 28
DOTS = ((1, 4), (3, 5), (10, 6), (30, 7))
"""From how many changes on a dot is how wide."""
NEAR = 9
"""Pixels within which a point or a handle is taken."""
DAY = 86_400_000_000
Point = str
"""`a` or `b`."""


class Timeline(QWidget):
    picked = Signal(int)
    """Seq of the change that was clicked, or the newest of those that lie together."""
    moved = Signal(str, object)
    """A point was dragged or stepped to a time, in microseconds."""
    stepped = Signal(int)
    """The next (1) or the previous (-1) change is wanted; -2 and 2: the first and the last."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._life: Life | None = None
        self._agent_name = ""
        self._points: dict[Point, tuple[int, str]] = {}
        self._dragged: Point = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Timeline of changes"))
        theme.changed.connect(self.updateGeometry)

    def show_life(self, life: Life, agent_name: str) -> None:
        self._life, self._agent_name = life, agent_name
        lanes = ", ".join(f"{kind_words(kind, agent_name)} {count(life.counts[kind])}" for kind in self.lanes)
        self.setAccessibleDescription(lanes)
        self.updateGeometry()
        self.update()

    def show_points(self, a: tuple[int, str] | None, b: tuple[int, str] | None) -> None:
        """Times in microseconds with their labels."""
        self._points = {name: point for name, point in (("a", a), ("b", b)) if point is not None}
        self.update()

    @property
    def lanes(self) -> list[ChangeKind]:
        return [kind for kind in KIND_LOOK if self._life is not None and self._life.counts.get(kind)]

    def sizeHint(self) -> QSize:
        lanes = max(2, len(self.lanes))
        return QSize(self._theme.px(480), self._theme.px(TOP + lanes * LANE + AXIS))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(240), self.sizeHint().height())

    # Places

    def x_of(self, at: int) -> int:
        if self._life is None:
            return 0
        left, width = self._field()
        span = max(1, self._life.until - self._life.since)
        return left + round(width * (at - self._life.since) / span)

    def _at_of(self, x: int) -> int:
        assert self._life is not None
        left, width = self._field()
        share = min(1.0, max(0.0, (x - left) / max(1, width)))
        return self._life.since + round(share * (self._life.until - self._life.since))

    def _field(self) -> tuple[int, int]:
        px = self._theme.px
        return px(LABELS), max(1, self.width() - px(LABELS) - px(RIGHT))

    def _lane_y(self, kind: ChangeKind) -> int:
        return self._theme.px(TOP + LANE * self.lanes.index(kind) + LANE // 2)

    def _tick_at(self, place: QPoint) -> Tick | None:
        if self._life is None:
            return None
        near = self._theme.px(NEAR)
        lanes = {kind: self._lane_y(kind) for kind in self.lanes}
        close = [
            (abs(self.x_of(tick.at) - place.x()), tick)
            for tick in self._life.ticks
            if tick.kind in lanes and abs(lanes[tick.kind] - place.y()) <= near
        ]
        distance, tick = min(close, key=lambda one: one[0], default=(near + 1, None))
        return tick if distance <= near else None

    def _handle_at(self, place: QPoint) -> Point:
        near = self._theme.px(NEAR)
        close = {name: abs(self.x_of(at) - place.x()) for name, (at, _) in self._points.items()}
        name = min(close, key=lambda one: close[one], default="")
        return name if name and close[name] <= near else ""

    # Hands

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        tick = self._tick_at(place)
        self._dragged = "" if tick is not None else self._handle_at(place)
        if tick is not None:
            self.picked.emit(tick.last_seq)
        elif not self._dragged and self._life is not None and place.x() >= self._field()[0]:
            self.moved.emit("a", self._at_of(place.x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        if self._dragged and self._life is not None:
            self._points[self._dragged] = (self._at_of(place.x()), self._points[self._dragged][1])
            self.update()
            return
        tick = self._tick_at(place)
        self.setCursor(Qt.CursorShape.PointingHandCursor if tick else Qt.CursorShape.ArrowCursor)
        set_tip(self, "" if tick is None else self._words(tick))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragged:
            self.moved.emit(self._dragged, self._points[self._dragged][0])
        self._dragged = ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        forward = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        ends = {Qt.Key.Key_Home: -2, Qt.Key.Key_End: 2}.get(Qt.Key(event.key()), 0)
        if forward and event.modifiers() & Qt.KeyboardModifier.ShiftModifier and "a" in self._points:
            self.moved.emit("a", self._points["a"][0] + forward * DAY)
        elif forward or ends:
            self.stepped.emit(forward or ends)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def _words(self, tick: Tick) -> str:
        who = kind_words(tick.kind, self._agent_name)
        if tick.count == 1:
            return self.tr("{}, {}").format(who, full_time(tick.at))
        return self.tr("{}, {} changes from {}").format(who, count(tick.count), full_time(tick.at))

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._life is None:
            return
        self._paint_between(painter)
        self._paint_axis(painter)
        for kind in self.lanes:
            self._paint_lane(painter, kind)
        self._paint_ticks(painter)
        self._paint_marks(painter)
        for name, (at, words) in self._points.items():
            self._paint_point(painter, self.x_of(at), words, last=name == "b")
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("focus"), self._theme.px(2)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))

    def _bottom(self) -> int:
        return self._theme.px(TOP + LANE * max(1, len(self.lanes)))

    def _paint_between(self, painter: QPainter) -> None:
        if len(self._points) == 2:
            left, right = sorted(self.x_of(at) for at, _ in self._points.values())
            tint = QRect(left, self._theme.px(TOP), right - left, self._bottom() - self._theme.px(TOP))
            painter.fillRect(tint, self._theme.color("accenttint"))

    def _paint_axis(self, painter: QPainter) -> None:
        theme, px = self._theme, self._theme.px
        painter.setFont(theme.font("caption"))
        last = -px(100)
        for at, words in self._dates():
            x = self.x_of(at)
            if x - last < px(44) or x > self.width() - px(RIGHT):
                continue
            painter.fillRect(QRect(x, px(TOP), 1, self._bottom() - px(TOP)), theme.color("line"))
            painter.setPen(theme.color("muted"))
            painter.drawText(QPoint(x + px(3), self._bottom() + px(16)), words)
            last = x + painter.fontMetrics().horizontalAdvance(words) - px(40)

    def _dates(self) -> Iterator[tuple[int, str]]:
        """Where the axis is named: hours, days or months, whichever of them are few."""
        assert self._life is not None
        first, last = moment(self._life.since), moment(self._life.until)
        span = last - first
        yield self._life.since, short_date(first) if span.days > 1 else first.strftime("%H:%M")
        if span.days > 62:
            year, month = first.year, first.month
            while True:
                year, month = (year + 1, 1) if month == 12 else (year, month + 1)
                then = first.replace(year=year, month=month, day=1, hour=0, minute=0, second=0, microsecond=0)
                if then > last:
                    return
                name = locale().monthName(month, locale().FormatType.ShortFormat)
                yield _micros(then), name if month > 1 else str(year)
        else:
            step = datetime.timedelta(days=1) if span.days > 1 else datetime.timedelta(hours=1)
            then = first.replace(minute=0, second=0, microsecond=0, hour=0 if span.days > 1 else first.hour) + step
            while then <= last:
                yield _micros(then), short_date(then) if span.days > 1 else then.strftime("%H:%M")
                then += step

    def _paint_lane(self, painter: QPainter, kind: ChangeKind) -> None:
        theme, px, y = self._theme, self._theme.px, self._lane_y(kind)
        icon, token = KIND_LOOK[kind]
        painter.drawPixmap(px(14), y - px(7), theme.pixmap(icon, token, 14))
        painter.setFont(theme.font("label"))
        painter.setPen(theme.color("text2"))
        room = px(LABELS - 42)
        words = painter.fontMetrics().elidedText(kind_words(kind, self._agent_name), Qt.TextElideMode.ElideRight, room)
        box = QRect(px(34), y - px(LANE) // 2, room, px(LANE))
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        left, width = self._field()
        painter.fillRect(QRect(left, y, width, 1), theme.color("line"))

    def _paint_ticks(self, painter: QPainter) -> None:
        assert self._life is not None
        lanes = {kind: self._lane_y(kind) for kind in self.lanes}
        for tick in self._life.ticks:
            if tick.kind not in lanes:
                continue
            size = self._theme.px(max(width for least, width in DOTS if tick.count >= least))
            color = self._theme.color(KIND_LOOK[tick.kind][1])
            spot = QRect(self.x_of(tick.at) - size // 2, lanes[tick.kind] - size // 2, size, size)
            if tick.kind == "undo":
                painter.setPen(QPen(color, self._theme.px(1.5)))
                painter.setBrush(self._theme.color("panel"))
            else:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(color)
            painter.drawEllipse(spot)

    def _paint_marks(self, painter: QPainter) -> None:
        """Dashed lines, named where there is room between the names."""
        assert self._life is not None
        theme, px = self._theme, self._theme.px
        painter.setFont(theme.font("caption"))
        taken = 0
        for mark in self._life.marks:
            x, words = self.x_of(mark.at), self._mark_words(mark)
            painter.setPen(QPen(theme.color("muted"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(x, px(TOP - 8), x, self._bottom())
            width = painter.fontMetrics().horizontalAdvance(words)
            left = max(px(LABELS), min(x - width // 2, self.width() - width - px(RIGHT)))
            if left > taken and not self._covered(left, width):
                painter.drawText(QPoint(left, px(14)), words)
                taken = left + width + px(12)

    def _covered(self, left: int, width: int) -> bool:
        """Whether the label of a point stands there."""
        room = self._theme.px(110)
        return any(left - room < self.x_of(at) < left + width + room for at, _ in self._points.values())

    def _mark_words(self, mark: LifeMark) -> str:
        if mark.kind == "model":
            return self.tr("Model changed to {}").format(mark.text.rpartition("/")[2])
        return self.tr("Summary {}").format(mark.text)

    def _paint_point(self, painter: QPainter, x: int, words: str, *, last: bool) -> None:
        theme, px = self._theme, self._theme.px
        painter.fillRect(QRect(x - px(1), px(20), px(2), self._bottom() - px(20)), theme.color("accentfill"))
        painter.setFont(theme.font("caption", 600))
        width = painter.fontMetrics().horizontalAdvance(words) + px(10)
        left = x if last else x - width
        left = max(0, min(left, self.width() - width - 1))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accentfill"))
        label = QRect(left, px(2), width, px(18))
        painter.drawRoundedRect(label, px(4), px(4))
        painter.setPen(theme.color("onaccent"))
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, words)


def _micros(then: datetime.datetime) -> int:
    return round(then.timestamp() * 1_000_000)
