"""Where learning meets playing: `learn` as a person knows it."""
