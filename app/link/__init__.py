"""The wire between clients (window, terminal, API) and the engine's process, and what starts and finds that process."""
