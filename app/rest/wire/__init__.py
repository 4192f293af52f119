"""The bodies of requests and answers: only the differences between our words and those of the Letta V1 API."""
