"""Figures of models as people read them."""

from PySide6.QtCore import QCoreApplication

from app.domain.fitness import FitReport
from app.domain.model import Model


def tr(text: str) -> str:
    return QCoreApplication.translate("models", text)


def gigabytes(number: int, whole: bool = False) -> str:
    """The figure alone, of 10^9 bytes; `whole`: without decimals."""
    figure = number / 1e9
    return f"{figure:.0f}" if whole else f"{figure:.1f}"


def fit_result(report: FitReport, short: bool = False) -> str:
    """What a fit test found; `short`: its figures alone."""
    if short:
        return tr("{} of {}").format(report.passed, report.of)
    if report.verdict == "unfit":
        return tr("Cannot be an agent, {} of {}").format(report.passed, report.of)
    words = tr("{} of {} memory tasks") if report.verdict == "good" else tr("{} of {}, makes mistakes")
    return words.format(report.passed, report.of)


def facts_of(model: Model | None) -> str:
    """Number of parameters and quantisation, as far as the server tells them."""
    if model is None:
        return ""
    return " ".join(filter(None, (model.parameter_size, model.quantization)))


def file_size(number: int | None) -> str:
    """With its unit; nothing where it is not known."""
    if number is None:
        return ""
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"


def time_left(seconds: float) -> str:
    """In the unit that is still worth a figure."""
    if seconds < 90:
        return tr("{:.0f} s left").format(seconds)
    if seconds < 5400:
        return tr("{:.0f} min left").format(seconds / 60)
    return tr("{:.1f} h left").format(seconds / 3600)
