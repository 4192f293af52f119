"""Lares: a desktop workshop for agents that remember. The version lives here and nowhere else."""

__version__ = "0.1.0"
