"""A first pack."""
