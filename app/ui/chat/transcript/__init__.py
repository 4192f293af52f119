"""The transcript: the rows of a conversation and the area that shows them."""
