"""How large an image may be that is attached to a message, and what it counts."""

IMAGE_BYTES_MAX = 20 * 1024 * 1024
"""The largest image that can be attached to a message."""
SIGNATURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
"""The kinds of image that are shown, with what their bytes begin with."""
IMAGE_TOKENS = 768
"""What an image is counted as, by the window too: a guess; servers differ, and their real counts correct it."""
