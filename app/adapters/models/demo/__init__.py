"""The demo agent's model: a script, without AI and without network."""
