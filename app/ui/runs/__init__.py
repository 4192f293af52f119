"""The run inspector: what an agent was asked, what it did in which order, how long each part took, what was sent."""
