"""One call of a model: what is sent, the queue, the reply as it streams in, retries."""
