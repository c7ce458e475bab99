"""The pack `jira`: projects, issues with custom fields, comments, worklogs, boards, sprints."""
