"""How Lares looks: colours, type, icons, focus rings and motion. The only package that names a colour."""

from app.ui.theme.motion import Motion
from app.ui.theme.props import set_prop
from app.ui.theme.theme import Theme
from app.ui.theme.tokens import DARK, LIGHT, Tokens

__all__ = ["DARK", "LIGHT", "Motion", "Theme", "Tokens", "set_prop"]
