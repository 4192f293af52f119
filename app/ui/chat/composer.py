"""Where a person writes: text that grows to ten lines, images, role, send, queue, stop."""

import re
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFontMetrics, QImage, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app.domain.image import IMAGE_BYTES_MAX, IMAGE_TOKENS
from app.ui.chat.attachment import (
    SUFFIXES,
    Attachment,
    AttachmentChip,
    Refusal,
    read_source,
    refused_size,
    takes_long,
)
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.segmented import Segmented
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import counted
from app.ui.theme import Theme, set_prop

MOST_LINES = 10
CHARS_PER_TOKEN = 4
SELECTED_FILES_MAX = 8
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.I)
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class _Editor(QPlainTextEdit):
    """Text field that hands images and decisive keys to its composer."""

    def __init__(self, composer: "Composer") -> None:
        super().__init__(composer)
        self._composer = composer

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasImage() or source.hasUrls() or super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        if not self._composer.take_images(source):
            super().insertFromMimeData(source)

    def event(self, event: QEvent) -> bool:
        """Ctrl Z is for the window's last change while there is nothing typed to undo."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            undo = event.matches(QKeySequence.StandardKey.Undo)
            if undo and not self.document().isUndoAvailable():
                event.ignore()
                return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._composer.take_key(event):
            super().keyPressEvent(event)


class Composer(QFrame):
    send_wanted = Signal(str, str, object)
    """Text, role (`user` or `system`), tuple[Attachment, ...]. While the agent replies it means: queue it."""
    stop_wanted = Signal()
    edit_last_wanted = Signal()
    draft_changed = Signal(str)
    reading_wanted = Signal(str, object)
    """Name and source (bytes or QImage) of an image that takes long to read; answer with `take_read`."""
    refused = Signal(str, str)
    """What cannot be attached and why, and what to do."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._agent = ""
        self._replying = False
        self._stopping = False
        self._reason = ""
        self._swapped = False
        self._blind = ""
        self._reading = 0
        """Images that are being read."""
        self._window = self._taken = 0
        self._chips: list[AttachmentChip] = []
        self._dialog: QFileDialog | None = None
        self.setProperty("kind", "composer")
        self.setAccessibleName(self.tr("Write a message"))
        self.setAcceptDrops(True)
        self._column = QVBoxLayout(self)
        self._chip_row = QHBoxLayout()
        self._chip_row.addStretch(1)
        self._column.addLayout(self._chip_row)
        self._warning = Label(theme, "", "label", "warn", self)
        self._warning.setWordWrap(True)
        self._warning.hide()
        self._column.addWidget(self._warning)
        self.editor = _Editor(self)
        self.editor.setProperty("plain", True)
        self.editor.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.editor.setTabChangesFocus(True)
        self.editor.installEventFilter(self)
        self.editor.textChanged.connect(self._changed)
        self.setFocusProxy(self.editor)
        self._column.addWidget(self.editor)
        self._make_tools()
        self._restyle()
        theme.changed.connect(self._restyle)
        self._refresh()

    def _make_tools(self) -> None:
        theme = self._theme
        roles = (("user", self.tr("User"), "user"), ("system", self.tr("System"), "system"))
        self.role = Segmented(theme, roles, "user", self.tr("Send as"), self)
        set_tip(
            self.role.button("system"), self.tr("The agent receives it as an event, not as your words (Ctrl Shift S)")
        )
        self.attach = IconButton(theme, "image", self.tr("Attach an image"), parent=self)
        self.attach.clicked.connect(lambda _checked=False: self.pick())
        self._count = ElidedLabel(theme, "", "label", "muted", self)
        self._hint = ElidedLabel(theme, "", "label", "muted", self)
        self.send = Button(theme, self.tr("Send"), "primary", "send", parent=self)
        self.send.clicked.connect(lambda _checked=False: self._send())
        self.stop = Button(theme, self.tr("Stop  Esc"), "danger", "stop", parent=self)
        self.stop.setAccessibleName(self.tr("Stop the reply"))
        set_tip(self.stop, self.tr("Stop the reply (Esc)"))
        self.stop.clicked.connect(lambda _checked=False: self._stop())
        self._tools = QHBoxLayout()
        for widget in (self.role, self.attach):
            self._tools.addWidget(widget)
        self._tools.addWidget(self._count, 1)
        self._tools.addWidget(self._hint, 0)
        self._tools.addWidget(self.send)
        self._tools.addWidget(self.stop)
        self._column.addLayout(self._tools)

    # What others use

    @property
    def text(self) -> str:
        return self.editor.toPlainText()

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return tuple(chip.attachment for chip in self._chips)

    @property
    def replying(self) -> bool:
        return self._replying

    def set_agent(self, name: str) -> None:
        self._agent = name
        self.editor.setPlaceholderText(self.tr("Message {0}…").format(name))
        self.editor.setAccessibleName(self.tr("Message to {0}").format(name))
        self._refresh()

    def set_replying(self, replying: bool) -> None:
        self._replying, self._stopping = replying, False
        self._refresh()

    def set_disabled(self, reason: str) -> None:
        """Sending is not possible now; the text can still be written. Empty: possible again."""
        self._reason = reason
        self._refresh()

    def set_blind(self, model: str) -> None:
        """The model that cannot see images; empty if it can, or nobody knows."""
        self._blind = model
        self._refresh()

    def set_room(self, window: int, taken: int) -> None:
        """Tokens of the context window, and of what always stands in it: a message that has no room is told of."""
        self._window, self._taken = window, taken
        self._refresh()

    def set_enter_sends(self, sends: bool) -> None:
        """False: Enter makes a line, Shift Enter sends."""
        self._swapped = not sends

    def set_draft(self, text: str) -> None:
        """Puts text in without saying that it changed."""
        if text != self.text:
            self.editor.blockSignals(True)
            self.editor.setPlainText(text)
            self.editor.blockSignals(False)
            self.editor.moveCursor(self.editor.textCursor().MoveOperation.End)
            self._fit()
            self._refresh()

    def clear(self) -> None:
        self.editor.clear()
        for chip in list(self._chips):
            self._remove(chip)

    def set_text(self, text: str) -> None:
        """Puts words in for the person to go on with; one step back takes them out again."""
        cursor = self.editor.textCursor()
        cursor.select(cursor.SelectionType.Document)
        cursor.insertText(text)
        self.editor.moveCursor(cursor.MoveOperation.End)

    def send_now(self) -> None:
        """As if Send was pressed."""
        self._send()

    def restore(self, text: str, attachments: tuple[Attachment, ...]) -> None:
        """Puts a message back that was taken out."""
        self.editor.setPlainText(text)
        self.attach_all(attachments)

    def attach_all(self, attachments: tuple[Attachment, ...]) -> None:
        for attachment in attachments:
            self.add(attachment)

    # Images

    def pick(self) -> None:
        names = " ".join(f"*.{suffix}" for suffix in SUFFIXES)
        dialog = self._dialog = QFileDialog(self, self.tr("Attach images"), "", self.tr("Images ({0})").format(names))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(self._add_selected)
        dialog.open()

    def _add_selected(self, names: list[str]) -> None:
        self.add_files([Path(name) for name in names])

    def add_files(self, paths: list[Path]) -> None:
        for path in paths[:SELECTED_FILES_MAX]:
            try:
                refusal = refused_size(path.name, path.stat().st_size)
                content = b"" if refusal else path.read_bytes()
            except OSError:
                refusal, content = Refusal("unreadable", path.name), b""
            if refusal:
                self._refuse(refusal)
            else:
                self.add_bytes(path.name, content)

    def add_bytes(self, name: str, content: bytes) -> None:
        self._add_source(name, content)

    def _add_source(self, name: str, source: bytes | QImage) -> None:
        if takes_long(source):
            self._reading += 1
            self._refresh()
            self.reading_wanted.emit(name, source)
        else:
            self._take(read_source(name, source))

    def take_read(self, found: Attachment | Refusal) -> None:
        """An image was read that `reading_wanted` asked for."""
        self._reading -= 1
        self._take(found)
        self._refresh()

    def _take(self, found: Attachment | Refusal) -> None:
        if isinstance(found, Refusal):
            self._refuse(found)
        else:
            self.add(found)

    def add(self, attachment: Attachment) -> None:
        chip = AttachmentChip(self._theme, attachment, self)
        chip.removed.connect(lambda: self._remove(chip))
        self._chips.append(chip)
        self._chip_row.insertWidget(len(self._chips) - 1, chip)
        self._refresh()

    def take_images(self, source: QMimeData) -> bool:
        """Takes pictures and picture files; leaves everything else to the text."""
        files = [Path(url.toLocalFile()) for url in source.urls() if url.isLocalFile()]
        if files:
            self.add_files(files)
            return True
        # Browsers put the address of a picture beside it; word processors put a picture of the text beside the text.
        if source.hasImage() and (not source.text().strip() or _ADDRESS.fullmatch(source.text().strip())):
            image = QImage(source.imageData())
            if not image.isNull():
                self._add_source(self.tr("Pasted image"), image)
                return True
        return False

    def _remove(self, chip: AttachmentChip) -> None:
        if chip in self._chips:
            self._chips.remove(chip)
            self._chip_row.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
            self._refresh()

    def _refuse(self, refusal: Refusal) -> None:
        name = refusal.name
        sentences = {
            "too_large": self.tr("“{0}” is {1} MB; the limit is {2} MB.").format(
                name, f"{refusal.megabytes:.0f}", IMAGE_BYTES_MAX // (1024 * 1024)
            ),
            "no_image": self.tr("“{0}” is not a PNG, JPEG, WebP or GIF, so it was not attached.").format(name),
            "damaged": self.tr("“{0}” cannot be read as an image, so it was not attached.").format(name),
            "unreadable": self.tr("“{0}” could not be opened.").format(name),
        }
        ways = {"too_large": self.tr("Make it smaller first."), "no_image": self.tr("Save it as PNG or JPEG.")}
        self.refused.emit(sentences[refusal.code], ways.get(refusal.code, self.tr("Choose another file.")))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if self.take_images(event.mimeData()):
            event.acceptProposedAction()

    # Keys

    def take_key(self, event: QKeyEvent) -> bool:
        """True if the key decided something and is no text."""
        key, held = event.key(), event.modifiers()
        if key in _ENTER:
            return self._enter(
                bool(held & Qt.KeyboardModifier.ShiftModifier), bool(held & Qt.KeyboardModifier.ControlModifier)
            )
        if key == Qt.Key.Key_Up and not self.text and not held:
            self.edit_last_wanted.emit()
            return True
        if key == Qt.Key.Key_Escape and self._replying:
            self._stop()
            return True
        if key == Qt.Key.Key_Escape:
            event.ignore()
            return True
        return False

    def _enter(self, shift: bool, control: bool) -> bool:
        sends = control or shift == self._swapped
        if sends:
            self._send()
        return sends

    def _send(self) -> None:
        # Spaces before the first line stay: they may be code.
        text = re.sub(r"\A(?:[^\S\n]*\n)+", "", self.text).rstrip()
        if self._reason or self._reading or not (text or self._chips):
            return
        self.send_wanted.emit(text, self.role.current, self.attachments)

    def _stop(self) -> None:
        if self._replying and not self._stopping:
            self._stopping = True
            self._refresh()
            self.stop_wanted.emit()

    # Looks

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            set_prop(self, "focused", event.type() == QEvent.Type.FocusIn)
        elif event.type() == QEvent.Type.Resize:
            self._fit()
        return super().eventFilter(watched, event)

    def _changed(self) -> None:
        self._fit()
        self._refresh()
        self.draft_changed.emit(self.text)

    def _fit(self) -> None:
        """As high as its text, up to ten lines."""
        line = QFontMetrics(self.editor.font()).lineSpacing()
        document = self.editor.document()
        block, lines = document.begin(), 0
        while block.isValid() and lines <= MOST_LINES:
            # What was pasted just now has no lines before somebody asks for them.
            document.documentLayout().blockBoundingRect(block)
            lines += max(1, block.layout().lineCount())
            block = block.next()
        height = min(MOST_LINES, max(1, lines)) * line + 2 * self._theme.px(4) + 2
        needed = Qt.ScrollBarPolicy.ScrollBarAsNeeded if lines > MOST_LINES else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.editor.setVerticalScrollBarPolicy(needed)
        if self.editor.height() != height or self.editor.minimumHeight() != height:
            self.editor.setFixedHeight(height)
            self.updateGeometry()

    def _refresh(self) -> None:
        text, images = self.text, len(self._chips)
        tokens = len(text) // CHARS_PER_TOKEN + images * IMAGE_TOKENS
        about = counted(max(1, tokens), self.tr("about {0} token"), self.tr("about {0} tokens"))
        self._count.set_text(about if text or images else "")
        hint = self._reason
        if not hint and self._replying:
            hint = self.tr("Sent when {0} is done").format(self._agent) if text else ""
        if self._stopping:
            hint = self.tr("Stopping")
        if self._reading:
            hint = self.tr("Reading the image")
        self._hint.set_text(hint)
        self._hint.setVisible(bool(hint))
        self.send.setText(self.tr("Queue") if self._replying else self.tr("Send"))
        self.send.set_role("" if self._replying else "primary")
        self.send.setEnabled(not self._reason and not self._reading and bool(text.strip() or images))
        set_tip(self.send, self._reason)
        self.send.setAccessibleName(self.tr("Queue the message") if self._replying else self.tr("Send the message"))
        self.stop.setVisible(self._replying)
        self.stop.setEnabled(not self._stopping)
        warnings: list[str] = []
        if self._blind and images:
            blind = self.tr("{0} cannot see images; it would only be told that there is one.")
            warnings.append(blind.format(self._blind))
        if self._window and tokens > self._window - self._taken:
            warnings.append(self._too_long(tokens))
        self._warning.setVisible(bool(warnings))
        self._warning.setText(" ".join(warnings))

    def _too_long(self, tokens: int) -> str:
        """What does not fit, in numbers, and what helps."""
        if self._taken >= self._window:
            full = self.tr(
                "Instructions, tools and memory fill the whole context size of {0:,}, so no message has room. "
                "Choose a larger context size, or shorten a block."
            )
            return full.format(self._window)
        words = self.tr(
            "This is too long: about {0:,} tokens, and of the context size of {1:,} about {2:,} are left beside "
            "instructions, tools and memory."
        ).format(tokens, self._window, max(0, self._window - self._taken))
        ways = self.tr("Shorten it by about {0:,} characters, send it in parts, or choose a larger context size.")
        return f"{words} {ways.format((tokens - max(0, self._window - self._taken)) * CHARS_PER_TOKEN)}"

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(400), self._column.sizeHint().height())

    def _restyle(self) -> None:
        px = self._theme.px
        self._column.setContentsMargins(px(12), px(9), px(9), px(8))
        self._column.setSpacing(px(6))
        self._chip_row.setSpacing(px(6))
        self._tools.setSpacing(px(8))
        self.editor.setFont(self._theme.font("conversation"))
        self.editor.viewport().setFont(self._theme.font("conversation"))
        self.editor.document().setDocumentMargin(px(4))
        self._fit()
