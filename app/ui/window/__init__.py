"""The window itself: its frame, its pages, what connects the rooms, and what shows when the engine is gone."""
