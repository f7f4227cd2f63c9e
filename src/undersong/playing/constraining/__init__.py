"""What a piece must and must not hold."""
