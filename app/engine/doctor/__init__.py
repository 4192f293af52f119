"""Findings in memory, by rules alone: pure, without any model."""
