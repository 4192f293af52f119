"""What the model sees: the compiled system prompt and the messages that fit the context window. Pure."""
