"""The conversation: transcript, composer, drafts, finding, and what can be done with a message."""
