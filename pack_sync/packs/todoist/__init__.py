"""The pack `todoist`: projects, sections, tasks, comments, labels, completed tasks."""
