"""Embedding and nearest vectors in a process of their own: its libraries are heavy, and a damaged index may kill it."""
