"""Embedders: the built-in one, and models of servers."""
