"""What fills the context window, and how large it is."""
