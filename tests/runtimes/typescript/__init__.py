"""Packs in TypeScript: the child, what it may not do, building and reading them."""
