"""The tools: all there are, and those that a person writes, with what they return when they are tried."""
