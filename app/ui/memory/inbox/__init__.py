"""What agents wrote since a person last looked: cards to keep, edit and undo."""
