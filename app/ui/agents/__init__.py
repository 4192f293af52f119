"""The agents: their list, their settings, and making new ones."""
