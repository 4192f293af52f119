"""The first start: from a model server to the first agent."""
