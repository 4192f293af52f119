"""What Lares fetches of the web for an agent, and how the web is searched."""
