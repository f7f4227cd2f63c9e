"""Files to events and back: one folder a medium."""
