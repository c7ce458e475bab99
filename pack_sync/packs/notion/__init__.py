"""The pack `notion`: users, data sources and their rows, pages, comments."""
