"""What programs send: bodies, lookups, pages and turns, read into the words of the services."""
