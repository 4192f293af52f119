"""The fit test: whether a model can be an agent, tried on a database that is thrown away."""
