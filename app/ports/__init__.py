"""Ports: what the engine and the services need from the world, as protocols. Adapters implement them."""
