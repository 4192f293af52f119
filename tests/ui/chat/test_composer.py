"""The composer: what Enter, Esc and Up do, what can be attached, and when it says no."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from pytestqt.qtbot import QtBot

from app.domain.image import IMAGE_BYTES_MAX
from app.ui.chat.attachment import Attachment, Refusal, png_of, read_image, read_source
from app.ui.chat.composer import Composer
from app.ui.theme import Theme
from tests.support.window.seeing import texts


@pytest.fixture
def composer(qtbot: QtBot, theme: Theme) -> Composer:
    composer = Composer(theme)
    composer.set_agent("Juno")
    composer.resize(600, 160)
    qtbot.addWidget(composer)
    composer.show()
    return composer


def png(width: int = 4, height: int = 3) -> bytes:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(Qt.GlobalColor.red))
    return png_of(image)


def test_enter_sends_and_shift_enter_makes_a_line(composer: Composer, qtbot: QtBot) -> None:
    sent: list[tuple[str, str]] = []
    composer.send_wanted.connect(lambda text, role, _images: sent.append((text, role)))
    qtbot.keyClicks(composer.editor, "one")
    qtbot.keyClick(composer.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(composer.editor, "two")
    assert sent == []
    qtbot.keyClick(composer.editor, Qt.Key.Key_Return)
    assert sent == [("one\ntwo", "user")]


def test_one_token_is_no_tokens(composer: Composer, qtbot: QtBot) -> None:
    qtbot.keyClicks(composer.editor, "Hi")
    assert "about 1 token" in texts(composer).splitlines()
    qtbot.keyClicks(composer.editor, " there, all")
    assert "about 3 tokens" in texts(composer).splitlines()


def test_enter_and_shift_enter_can_be_swapped(composer: Composer, qtbot: QtBot) -> None:
    sent: list[str] = []
    composer.send_wanted.connect(lambda text, *_: sent.append(text))
    composer.set_enter_sends(False)
    qtbot.keyClicks(composer.editor, "one")
    qtbot.keyClick(composer.editor, Qt.Key.Key_Return)
    assert composer.text == "one\n"
    qtbot.keyClick(composer.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(composer.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert sent == ["one", "one"]


def test_nothing_is_sent_from_an_empty_field(composer: Composer, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(composer.send_wanted):
        qtbot.keyClicks(composer.editor, "   ")
        qtbot.keyClick(composer.editor, Qt.Key.Key_Return)
    assert composer.send.isEnabled() is False


def test_up_in_an_empty_field_edits_the_last_message(composer: Composer, qtbot: QtBot) -> None:
    with qtbot.waitSignal(composer.edit_last_wanted):
        qtbot.keyClick(composer.editor, Qt.Key.Key_Up)
    composer.set_draft("text")
    with qtbot.assertNotEmitted(composer.edit_last_wanted):
        qtbot.keyClick(composer.editor, Qt.Key.Key_Up)


def test_while_the_agent_replies_one_can_queue_and_stop(composer: Composer, qtbot: QtBot) -> None:
    composer.set_replying(True)
    composer.set_draft("And then?")
    assert (composer.send.text(), composer.stop.isVisible()) == ("Queue", True)
    stops: list[int] = []
    composer.stop_wanted.connect(lambda: stops.append(1))
    qtbot.keyClick(composer.editor, Qt.Key.Key_Escape)
    qtbot.keyClick(composer.editor, Qt.Key.Key_Escape)
    assert stops == [1]
    composer.set_replying(False)
    assert (composer.send.text(), composer.stop.isVisible()) == ("Send", False)


def test_while_sending_is_impossible_the_reason_stands_there_and_the_text_stays(
    composer: Composer, qtbot: QtBot
) -> None:
    composer.set_disabled("The engine is restarting")
    qtbot.keyClicks(composer.editor, "Hello")
    with qtbot.assertNotEmitted(composer.send_wanted):
        qtbot.keyClick(composer.editor, Qt.Key.Key_Return)
    assert composer.text == "Hello"
    assert composer.send.toolTip() == "The engine is restarting"
    composer.set_disabled("")
    assert composer.send.isEnabled() is True


def test_the_field_grows_to_ten_lines_and_no_further(composer: Composer) -> None:
    heights = []
    for lines in (1, 5, 10, 30):
        composer.set_draft("\n".join("line" for _ in range(lines)))
        heights.append(composer.editor.height())
    assert heights[0] < heights[1] < heights[2] == heights[3]


def test_a_draft_that_is_put_in_does_not_count_as_typed(composer: Composer, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(composer.draft_changed):
        composer.set_draft("from yesterday")
    with qtbot.waitSignal(composer.draft_changed) as told:
        qtbot.keyClicks(composer.editor, "!")
    assert told.args == ["from yesterday!"]


def test_an_image_file_becomes_a_chip_that_can_be_removed(composer: Composer, tmp_path: Path) -> None:
    path = tmp_path / "risotto.png"
    path.write_bytes(png(40, 30))
    composer.add_files([path])
    [attachment] = composer.attachments
    assert (attachment.name, attachment.media_type, attachment.width, attachment.height) == (
        "risotto.png",
        "image/png",
        40,
        30,
    )
    assert composer.send.isEnabled() is True
    composer.clear()
    assert composer.attachments == ()


@pytest.mark.parametrize(
    ("text", "attached"), [("https://example.org/cat.png", 1), ("data:image/png;base64,AAAA", 1), ("two words", 0)]
)
def test_a_picture_copied_from_a_page_is_attached_and_words_are_not(
    composer: Composer, text: str, attached: int
) -> None:
    copied = QMimeData()
    copied.setImageData(QImage(4, 4, QImage.Format.Format_RGB32))
    copied.setText(text)
    composer.editor.insertFromMimeData(copied)
    assert len(composer.attachments) == attached
    assert composer.text == ("" if attached else text)


def test_spaces_before_the_first_line_are_sent(composer: Composer, qtbot: QtBot) -> None:
    composer.editor.setPlainText("\n  \n    indented = 1\nx  \n\n")
    with qtbot.waitSignal(composer.send_wanted) as sent:
        qtbot.keyClick(composer.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert sent.args[0] == "    indented = 1\nx"


def test_a_pasted_picture_is_attached(composer: Composer) -> None:
    source = QMimeData()
    source.setImageData(QImage.fromData(png()))
    composer.editor.insertFromMimeData(source)
    assert [one.media_type for one in composer.attachments] == ["image/png"]


def test_a_file_that_is_no_image_is_refused_in_a_sentence(composer: Composer, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "notes.png"
    path.write_bytes(b"just text")
    with qtbot.waitSignal(composer.refused) as told:
        composer.add_files([path])
    assert told.args[0] == "“notes.png” is not a PNG, JPEG, WebP or GIF, so it was not attached."
    assert composer.attachments == ()


def test_images_are_told_by_their_bytes_and_size(qapp: object) -> None:
    assert isinstance(read_image("a.txt", png()), Attachment)
    large = read_image("a.png", png() + b"\0" * IMAGE_BYTES_MAX)
    assert isinstance(large, Refusal)
    assert large.code == "too_large"
    damaged = read_image("a.png", png()[:20])
    assert isinstance(damaged, Refusal)
    assert damaged.code == "damaged"


def test_a_model_that_cannot_see_is_named_before_sending(composer: Composer) -> None:
    composer.set_blind("qwen3:8b")
    assert "cannot see" not in texts(composer)
    composer.add_bytes("a.png", png())
    assert "qwen3:8b cannot see images" in texts(composer)


def test_a_pasted_paragraph_is_shown_at_once(composer: Composer) -> None:
    low = composer.editor.height()
    QGuiApplication.clipboard().setText("Brad and Mia cook on Saturdays, with guests and without haste. " * 6)
    composer.editor.paste()
    assert composer.editor.height() > 3 * low


def test_a_text_that_has_no_room_is_told_of_before_it_is_sent(composer: Composer) -> None:
    composer.set_room(4_096, 1_096)
    composer.set_text("word " * 2_000)
    assert "too long" not in texts(composer)
    composer.set_text("word " * 4_000)
    assert "too long" in texts(composer)
    for number in ("5,000", "4,096", "3,000", "8,000"):
        assert number in texts(composer)
    composer.set_room(32_768, 1_096)
    assert "too long" not in texts(composer)
    composer.set_text("")
    composer.set_room(4_096, 5_000)
    assert "fill the whole context size of 4,096" in texts(composer)
    assert "about 0" not in texts(composer)
    composer.set_room(0, 0)
    assert "fill the whole" not in texts(composer)


def test_a_large_picture_is_read_beside_the_window(composer: Composer) -> None:
    asked: list[tuple[str, object]] = []
    composer.reading_wanted.connect(lambda name, source: asked.append((name, source)))
    copied = QMimeData()
    copied.setImageData(QImage(1600, 1000, QImage.Format.Format_RGB32))
    composer.editor.insertFromMimeData(copied)
    composer.set_text("Look.")
    assert (composer.attachments, composer.send.isEnabled()) == ((), False)
    assert "Reading the image" in texts(composer)
    [(name, source)] = asked
    composer.take_read(read_source(name, source))
    assert composer.attachments[0].width == 1600
    assert composer.send.isEnabled()


def test_a_clicked_suggestion_leaves_the_caret_at_its_end(composer: Composer, qtbot: QtBot) -> None:
    composer.set_text("My name is Brad")
    qtbot.keyClicks(composer.editor, "!")
    assert composer.text == "My name is Brad!"
    composer.editor.undo()
    composer.editor.undo()
    assert composer.text == ""
