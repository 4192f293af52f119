"""The colours of both themes, by name. Every other module asks for a name and never writes a colour."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Tokens:
    window: str
    panel: str
    surface: str
    sunken: str
    hover: str
    selected: str
    userbubble: str
    line: str
    track: str
    """What a bar or a slider fills; stays faint in high contrast, where a strong one would look full."""
    control: str
    text: str
    text2: str
    muted: str
    disabled: str
    accent: str
    accentfill: str
    onaccent: str
    accenttint: str
    focus: str
    info: str
    infotint: str
    ok: str
    oktint: str
    warn: str
    warntint: str
    danger: str
    dangertint: str
    plum: str
    plumtint: str
    teal: str
    tealtint: str
    add: str
    addstrong: str
    dele: str
    delstrong: str
    part_system: str
    part_tools: str
    part_tool_rules: str
    part_memory: str
    part_summary: str
    part_files: str
    part_messages: str
    toast_bg: str
    toast_text: str
    toast_text2: str
    toast_button: str
    toast_line: str
    mark: str
    """Body of the Lares mark."""
    mark_inside: str
    mark_glow: str
    high_contrast: bool = False

    def color(self, name: str) -> str:
        """The colour of this name. Raises KeyError for one that does not exist."""
        return str(vars(self)[name])


LIGHT = Tokens(
    window="#ECE6DD",
    panel="#F7F4EF",
    surface="#FFFFFF",
    sunken="#F2EDE6",
    hover="#EDE6DC",
    selected="#F7E4D7",
    userbubble="#EFE7DC",
    line="#DDD4C8",
    track="#DDD4C8",
    control="#8C8072",
    text="#231E19",
    text2="#544B42",
    muted="#6A6055",
    disabled="#A3988B",
    accent="#A8401A",
    accentfill="#A8401A",
    onaccent="#FFFFFF",
    accenttint="#FBEADF",
    focus="#1F62C4",
    info="#2A5A99",
    infotint="#E4EDF8",
    ok="#35662F",
    oktint="#E3F0DF",
    warn="#805200",
    warntint="#FBEFD2",
    danger="#A12338",
    dangertint="#FAE5E7",
    plum="#6A4684",
    plumtint="#F0E8F6",
    teal="#18625F",
    tealtint="#DFF0EE",
    add="#DFF0DA",
    addstrong="#B5DCAB",
    dele="#FAE3E1",
    delstrong="#F1BDB8",
    part_system="#6B6258",
    part_tools="#23807B",
    part_tool_rules="#5E7F4A",
    part_memory="#C2571F",
    part_summary="#8A5CA8",
    part_files="#8A7A1E",
    part_messages="#3C73B8",
    toast_bg="#231E19",
    toast_text="#F7F4EF",
    toast_text2="#D9CFC3",
    toast_button="#F6B58F",
    toast_line="#231E19",
    mark="#A8401A",
    mark_inside="#FBEADF",
    mark_glow="#F2B84B",
)

DARK = Tokens(
    window="#110E0C",
    panel="#191614",
    surface="#221E1B",
    sunken="#151210",
    hover="#2C2723",
    selected="#3A281D",
    userbubble="#2F2924",
    line="#352E29",
    track="#352E29",
    control="#85796E",
    text="#F1EBE4",
    text2="#C9BFB4",
    muted="#A5998D",
    disabled="#6E645B",
    accent="#F29A68",
    accentfill="#E8864E",
    onaccent="#1C0F07",
    accenttint="#3A261A",
    focus="#7FB2FF",
    info="#93BAEE",
    infotint="#1B2A3E",
    ok="#97C98C",
    oktint="#1D2E1A",
    warn="#E6BB62",
    warntint="#352910",
    danger="#F4959C",
    dangertint="#3F1F23",
    plum="#CBACE2",
    plumtint="#2D2338",
    teal="#7FCBC5",
    tealtint="#162F2D",
    add="#1C3319",
    addstrong="#2F5A29",
    dele="#3E1F1E",
    delstrong="#6E302D",
    part_system="#9A8F84",
    part_tools="#4FA9A2",
    part_tool_rules="#86A86F",
    part_memory="#E8864E",
    part_summary="#B38BD0",
    part_files="#C2B04E",
    part_messages="#6C9FDF",
    toast_bg="#2C2723",
    toast_text="#F1EBE4",
    toast_text2="#C9BFB4",
    toast_button="#F29A68",
    toast_line="#85796E",
    mark="#E8864E",
    mark_inside="#191614",
    mark_glow="#F2B84B",
)

HUES = ("accent", "plum", "teal", "info", "warn")
"""Hues of agent tiles, in this order; each has a tint of the same name."""

TINTED = ("accent", "info", "ok", "warn", "danger", "plum", "teal")
"""Hues that have a tint."""


def high_contrast(tokens: Tokens) -> Tokens:
    """Lines as strong as controls, no faint text, and surfaces in place of tints (their borders take the hue)."""
    plain = {f"{hue}tint": tokens.surface for hue in TINTED}
    return replace(tokens, line=tokens.control, muted=tokens.text2, high_contrast=True, **plain)
