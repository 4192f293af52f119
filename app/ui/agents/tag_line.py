"""Tags as small words beside each other: those of one agent, or those that the list can be filtered by."""

from collections.abc import Callable, Iterable

from PySide6.QtWidgets import QWidget

from app.ui.kit.badge import Badge
from app.ui.kit.flow import Flow
from app.ui.kit.layout import follow
from app.ui.kit.tooltip import set_tip
from app.ui.theme import Theme

SHOWN_LENGTH = 24
"""Characters of a tag; the whole is in its tooltip."""


class TagLine(QWidget):
    """Each tag can be pressed; `end` stands behind the last one."""

    def __init__(self, theme: Theme, pressed: Callable[[str], object], spoken: str, end: QWidget | None = None) -> None:
        """`spoken`: what pressing one does, with {} for the tag."""
        super().__init__()
        self._theme, self._pressed, self._spoken, self._end = theme, pressed, spoken, end
        self._badges: list[Badge] = []
        self._flow = Flow(self)
        follow(theme, self._flow, lambda: self._flow.setSpacing(theme.px(4)))
        if end is not None:
            self._flow.addWidget(end)

    def show_tags(self, tags: Iterable[str], chosen: frozenset[str] = frozenset()) -> None:
        """`chosen`: those that are marked."""
        wanted = tuple(tags)
        while len(self._badges) < len(wanted):
            self._badges.append(self._new())
        for badge, tag in zip(self._badges, wanted, strict=False):
            on = tag in chosen
            shown = tag if len(tag) <= SHOWN_LENGTH else f"{tag[: SHOWN_LENGTH - 1]}…"
            badge.set_badge(shown, "accent" if on else "", "check" if on else None)
            badge.setProperty("tag", tag)
            badge.setAccessibleName(self._spoken.format(tag))
            set_tip(badge, tag if shown != tag else "")
        for place, badge in enumerate(self._badges):
            badge.setVisible(place < len(wanted))
        self._flow.invalidate()

    def _new(self) -> Badge:
        badge = Badge(self._theme, "", parent=self)
        badge.set_clickable(True)
        badge.clicked.connect(lambda: self._pressed(str(badge.property("tag"))))
        self._flow.addWidget(badge)
        if self._end is not None:
            self._flow.removeWidget(self._end)
            self._flow.addWidget(self._end)
        return badge

    def shown(self) -> list[Badge]:
        return [badge for badge in self._badges if not badge.isHidden()]
