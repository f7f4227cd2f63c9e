"""Any unit, letter by letter."""
