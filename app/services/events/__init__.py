"""Events of the engine: the bus that spreads them and the service that clients listen to."""
