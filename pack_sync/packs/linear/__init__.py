"""The pack `linear`: teams, workflow states, projects, cycles, issues, comments, labels, users."""
