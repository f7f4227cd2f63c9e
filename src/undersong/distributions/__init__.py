"""The next event's odds, each written once for every array kind."""
