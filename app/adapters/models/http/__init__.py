"""What all model servers over HTTP share: connections, streams, refusals."""
