"""How large an image may be that is attached to a message, and what it counts."""

IMAGE_BYTES_MAX = 20 * 1024 * 1024
"""The largest image that can be attached to a message."""
IMAGE_TOKENS = 768
"""What an image is counted as, by the window too: a guess; servers differ, and their real counts correct it."""
