"""What can be a token of the local API. No heavy import: settings are read before anything large is loaded."""

SHORTEST_TOKEN = 16
"""Characters. Shorter ones are found by trying, and the API may be reachable from other computers."""


def token_flaw(token: str) -> str:
    """What is wrong with a token, as a sentence without the token; empty when it can be used.

    The same rule wherever it comes from: the window, `settings.toml`, a variable.
    """
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or token != token.strip():
        return f"A token needs at least {SHORTEST_TOKEN} characters of plain text, without spaces around them."
    return ""
