"""Between Qt and the engine: starting coroutines, batching events, keeping the connection."""
