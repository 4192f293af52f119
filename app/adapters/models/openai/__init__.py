"""Servers with the OpenAI chat interface."""
