"""Commands that do one thing and end: models, servers, pull, status. Plain lines, an exit code, errors as sentences."""
