"""The pack `hubspot`: records of all kinds, owners, pipelines, and what is associated."""
