"""Model servers: the scripted demo and every OpenAI-compatible server."""
