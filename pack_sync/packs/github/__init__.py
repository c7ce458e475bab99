"""The pack `github`: repositories, issues, pull requests, commits, and what belongs to them."""
