"""Tests of the budgets of accounts."""
