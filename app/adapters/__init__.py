"""Implementations of the ports: the only place that knows databases, model servers and key stores."""
