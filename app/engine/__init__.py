"""The agent: decide (pure) -> perform (effects) -> apply (pure) -> commit (one transaction). No Qt, HTTP or SQL."""
