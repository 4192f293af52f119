"""How far token estimates are off, and what that costs: `python -m tests.benchmarks.tokens`.

By real counts of six vocabularies (`tests/support/values/token_mix.py`). The worst message is told in a window of
8,192 that one kind of text fills to the half.
"""

import statistics
import time

from app.adapters.models.tokens import EstimatingCounter
from app.engine.context.window import MARGIN
from tests.benchmarks.figures import figure
from tests.support.values.token_mix import VOCABULARIES, token_mix

WINDOW = 8_192
PLAIN = ("english", "german", "chinese", "python", "json")


def main() -> None:
    estimate = EstimatingCounter().estimate
    mix = [(one, *estimate(one.text)) for one in token_mix()]
    for vocabulary in VOCABULARIES:
        off = [abs(tokens / one.tokens[vocabulary] - 1) for one, tokens, _ in mix if one.kind in PLAIN]
        figure(f"{vocabulary}: median error of plain text, uncorrected", 100 * statistics.median(off), "%")
        over = sum(one.tokens[vocabulary] > most for one, _, most in mix)
        figure(f"{vocabulary}: kinds of {len(mix)} above their bound", over, "", 0)
    worst, kind = max(((one.worst - tokens) / len(one.text.encode()), one.kind) for one, tokens, _ in mix)
    figure(f"worst error of a message, tokens by byte ({kind})", worst, "")
    for name in PLAIN:
        tokens, most = next((tokens, most) for one, tokens, most in mix if one.kind == name)
        share = (most - tokens) / tokens * 200 / WINDOW
        figure(f"kept free beside {100 * MARGIN:.0f} % for 200 tokens of {name}", 100 * share, "% of window")
    text = "".join(one.text for one, _, _ in mix) * 10
    begun = time.process_time()
    estimate(text)
    figure("speed", len(text.encode()) / (time.process_time() - begun) / 1e6, "MB/s")


if __name__ == "__main__":
    main()
