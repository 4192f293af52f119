"""Model servers: the scripted demo, Ollama, and every OpenAI-compatible server."""
