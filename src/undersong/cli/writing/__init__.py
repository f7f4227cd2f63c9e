"""Writing with an instrument, in the terminal."""
