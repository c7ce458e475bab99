"""The pack `airtable`: bases, their tables, and the records of chosen tables."""
