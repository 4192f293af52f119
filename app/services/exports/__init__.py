"""A conversation as a text of its own, to be read or kept outside of Lares."""
