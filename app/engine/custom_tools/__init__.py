"""Tools that people write: what a source says of itself, read without running it. Pure."""
