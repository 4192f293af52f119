"""The request that a conversation sends next, or that a step has sent, part by part."""
