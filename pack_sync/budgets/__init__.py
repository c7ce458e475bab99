"""Budgets: how many requests an account may still make, in one place for all who use it."""
