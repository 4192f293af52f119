"""How times, counts and sizes are written for people."""

import datetime

from PySide6.QtCore import QCoreApplication, QLocale

from app.domain.system import Backup

DAY = 86_400


def tr(text: str) -> str:
    return QCoreApplication.translate("wording", text)


def moment(at: int) -> datetime.datetime:
    """Microseconds since 1970 as local time."""
    return datetime.datetime.fromtimestamp(at / 1_000_000).astimezone()


def now() -> datetime.datetime:
    """Local time."""
    return datetime.datetime.now().astimezone()


def short_time(at: int | None) -> str:
    """`now`, `12 min`, `09:41`, `Fri`, `3 Nov`, `Mar 2025`: as short as it stays clear."""
    if at is None:
        return ""
    then, today = moment(at), now()
    seconds = (today - then).total_seconds()
    if seconds < 60:
        return tr("now")
    if seconds < 3600:
        return tr("{} min").format(int(seconds // 60))
    if then.date() == today.date():
        return then.strftime("%H:%M")
    if (today.date() - then.date()).days < 7:
        return locale().dayName(then.isoweekday(), QLocale.FormatType.ShortFormat)
    return short_date(then)


def short_date(then: datetime.datetime) -> str:
    month = locale().monthName(then.month, QLocale.FormatType.ShortFormat)
    return f"{then.day} {month}" if then.year == now().year else f"{month} {then.year}"


def full_time(at: int) -> str:
    """`today 14:02`, `yesterday 18:27`, `3 Nov 09:12`."""
    then = moment(at)
    clock = then.strftime("%H:%M")
    days = (now().date() - then.date()).days
    if days == 0:
        return tr("today {}").format(clock)
    if days == 1:
        return tr("yesterday {}").format(clock)
    return f"{short_date(then)} {clock}"


def backup_reason(backup: Backup) -> str:
    """Why this copy was made, in a word or two."""
    return {
        "daily": tr("Daily"),
        "migration": tr("Before an update"),
        "manual": tr("By you"),
        "before restore": tr("Before a restore"),
    }[backup.reason]


def sentence_case(words: str) -> str:
    """As the beginning of a line: `Yesterday 18:27`."""
    return words[:1].upper() + words[1:]


def day(at: int) -> str:
    """Heading of a day: `Today`, `Yesterday`, `Friday, 20 November`."""
    then = moment(at)
    days = (now().date() - then.date()).days
    if days == 0:
        return tr("Today")
    if days == 1:
        return tr("Yesterday")
    weekday = locale().dayName(then.isoweekday())
    month = locale().monthName(then.month)
    year = "" if then.year == now().year else f" {then.year}"
    return f"{weekday}, {then.day} {month}{year}"


def ago(at: int) -> str:
    """`12 min ago`; after an hour its date and time. `at`: microseconds since 1970."""
    seconds = int((now() - moment(at)).total_seconds())
    if seconds < 1:
        return tr("just now")
    if seconds < 60:
        return tr("{} s ago").format(seconds)
    if seconds < 3600:
        return tr("{} min ago").format(seconds // 60)
    return full_time(at)


def locale() -> QLocale:
    """The person's; a system without one writes numbers as programs do, which people read badly."""
    own = QLocale()
    return QLocale(QLocale.Language.English) if own.language() == QLocale.Language.C else own


def count(number: int) -> str:
    """As the person writes numbers: `1,200`."""
    return locale().toString(number)


def counted(number: int, one: str, many: str, *more: object) -> str:
    """`one` for 1, else `many`: both whole sentences, in which `{0}` is the number and `{1}` on are `more`."""
    return (one if number == 1 else many).format(count(number), *more)


def size(bytes_: int) -> str:
    """`1.5 MB`, in powers of ten."""
    return locale().formattedDataSize(bytes_, 1, QLocale.DataSizeFormat.DataSizeSIFormat)
