"""What the window knows: the open agent and conversation, lists, models, commands; no widgets of a room."""
