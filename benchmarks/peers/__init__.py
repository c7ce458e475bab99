"""The tools that a user would pick instead, each run by a module of its own."""
