"""What the columns of the tables mean, after GitHub's reference: https://docs.github.com/en/rest."""

from pack_sdk import Schema, make_object_schema
from pack_sdk import columns as c

_REPOSITORY = c.text("Full name of the repository.", required=True)
_NUMBER = "Number within the repository, as people write it."

_AUTHOR = {
    "author_id": c.whole("Who made it; empty if the account is gone.", "user.id"),
    "author": c.text("Their login.", "user.login"),
}
_PEOPLE = c.struct({"id": c.whole("Identifier."), "login": c.text("Login.")}, "A person.")
_LABELS = c.struct({"id": c.whole("Identifier."), "name": c.text("Name.")}, "A label.")
_TEAMS = c.struct({"id": c.whole("Identifier."), "slug": c.text("Name in URLs.")}, "A team.")
_CREATED = c.moment("When it was made.")
_UPDATED = c.moment("When it was last changed.")

_ISSUE_OR_PULL_REQUEST: dict[str, Schema] = {
    "id": c.whole("Identifier.", required=True),
    "repository": _REPOSITORY,
    "number": c.whole(_NUMBER),
    "title": c.text("Title."),
    "body": c.text("Description, in Markdown.", hint="markdown"),
    "state": c.text("open or closed."),
    "url": c.url("Its page.", "html_url"),
    **_AUTHOR,
    "assignees": c.several(_PEOPLE, "Who is to deal with it."),
    "labels": c.several(_LABELS, "Its labels."),
    "milestone_id": c.whole("Its milestone.", "milestone.id"),
    "milestone": c.text("Title of the milestone.", "milestone.title"),
    "is_locked": c.flag("Whether the conversation is locked.", "locked"),
    "created_at": _CREATED,
    "updated_at": _UPDATED,
    "closed_at": c.moment("When it was closed."),
}

REPOSITORY = make_object_schema(
    description="A repository.",
    id_property="id",
    display_property="full_name",
    link_property="url",
    properties={
        "id": c.whole("Identifier; a repository keeps it when it is renamed.", required=True),
        "full_name": c.text("Owner and name, such as octocat/hello-world.", required=True),
        "name": c.text("Name."),
        "owner": c.text("Login of the owner.", "owner.login"),
        "owner_type": c.text("User or Organization.", "owner.type"),
        "description": c.text("Description."),
        "url": c.url("Its page.", "html_url"),
        "homepage": c.text("Website of the project."),
        "visibility": c.text("public, private or internal."),
        "is_fork": c.flag("Whether it is a fork.", "fork"),
        "is_archived": c.flag("Whether it is read-only.", "archived"),
        "is_template": c.flag("Whether others are made after it."),
        "default_branch": c.text("The branch that people see first."),
        "language": c.text("The language most of its code is in."),
        "topics": c.several(c.text("A topic."), "Topics."),
        "license": c.text("SPDX identifier of its license.", "license.spdx_id"),
        "stars": c.whole("How many people have starred it.", "stargazers_count"),
        "forks": c.whole("How many forks it has.", "forks_count"),
        "open_issues": c.whole("Open issues and pull requests.", "open_issues_count"),
        "size_kb": c.whole("Size, in kilobytes.", "size"),
        "created_at": _CREATED,
        "updated_at": _UPDATED,
        "pushed_at": c.moment("When somebody last pushed to it."),
    },
)

ISSUE = make_object_schema(
    description="An issue.",
    id_property="id",
    display_property="title",
    link_property="url",
    properties={
        **_ISSUE_OR_PULL_REQUEST,
        "state_reason": c.text("Why: completed, not_planned, duplicate or reopened."),
        "type": c.text("Type of the issue, where the organization has types.", "type.name"),
    },
)

PULL_REQUEST = make_object_schema(
    description="A pull request.",
    id_property="id",
    display_property="title",
    link_property="url",
    properties={
        **_ISSUE_OR_PULL_REQUEST,
        "is_draft": c.flag("Whether it is a draft.", "draft"),
        "head_branch": c.text("The branch with the changes.", "head.ref"),
        "head_commit": c.text("Its last commit.", "head.sha"),
        "head_repository": c.text("Where that branch is.", "head.repo.full_name"),
        "base_branch": c.text("The branch that it is to be merged into.", "base.ref"),
        "requested_reviewers": c.several(_PEOPLE, "Whose review is awaited."),
        "requested_teams": c.several(_TEAMS, "The teams whose review is awaited."),
        "merged_at": c.moment("When it was merged; empty if it was not."),
        "merge_commit": c.text("The commit by which it was merged.", "merge_commit_sha"),
    },
)

_COMMENT: dict[str, Schema] = {
    "id": c.whole("Identifier.", required=True),
    "repository": _REPOSITORY,
    **_AUTHOR,
    "body": c.text("What it says, in Markdown.", hint="markdown"),
    "url": c.url("Its page.", "html_url"),
    "created_at": _CREATED,
    "updated_at": _UPDATED,
}

ISSUE_COMMENT = make_object_schema(
    description="A comment on an issue or pull request.",
    id_property="id",
    display_property="body",
    link_property="url",
    properties={
        **_COMMENT,
        "issue_number": c.whole("Number of the issue or pull request in the repository."),
    },
)

REVIEW_COMMENT = make_object_schema(
    description="A comment on lines of code of a pull request.",
    id_property="id",
    display_property="body",
    link_property="url",
    properties={
        **_COMMENT,
        "pull_request_number": c.whole("Number of the pull request in the repository."),
        "review_id": c.whole("The review that it is a part of.", "pull_request_review_id"),
        "in_reply_to_id": c.whole("The comment that it answers."),
        "path": c.text("The file."),
        "original_line": c.whole("The line, as the file was then."),
        "original_commit": c.text("The commit that it was written on.", "original_commit_id"),
        "side": c.text("LEFT for the file before the change, RIGHT for the one after it."),
    },
)

COMMIT = make_object_schema(
    description="A commit of the default branch.",
    id_property="sha",
    display_property="message",
    link_property="url",
    properties={
        "sha": c.text("Identifier.", required=True),
        "repository": _REPOSITORY,
        "message": c.text("What the author says of it.", "commit.message"),
        "url": c.url("Its page.", "html_url"),
        "author_name": c.text("Who wrote it, as git has it.", "commit.author.name"),
        "author_email": c.text("Their address, as git has it.", "commit.author.email"),
        "authored_at": c.moment("When it was written.", "commit.author.date"),
        "author_id": c.whole("The author's account, if there is one.", "author.id"),
        "committer_name": c.text("Who committed it, as git has it.", "commit.committer.name"),
        "committer_email": c.text("Their address, as git has it.", "commit.committer.email"),
        "committed_at": c.moment("When it was committed.", "commit.committer.date"),
        "committer_id": c.whole("The committer's account, if there is one.", "committer.id"),
        "tree": c.text("The tree of files.", "commit.tree.sha"),
        "parents": c.several(
            c.struct({"sha": c.text("Identifier.")}, "A commit."), "The commits before it."
        ),
    },
)

WORKFLOW_RUN = make_object_schema(
    description="A run of a workflow of GitHub Actions.",
    id_property="id",
    display_property="title",
    link_property="url",
    properties={
        "id": c.whole("Identifier.", required=True),
        "repository": _REPOSITORY,
        "workflow_id": c.whole("The workflow."),
        "workflow": c.text("Name of the workflow.", "name"),
        "title": c.text("Title of the run.", "display_title"),
        "number": c.whole("Number of the run among those of its workflow.", "run_number"),
        "attempt": c.whole("How often it has been run, from 1 on.", "run_attempt"),
        "event": c.text("What set it off, such as push."),
        "status": c.text("queued, in_progress, completed …"),
        "conclusion": c.text("success, failure, cancelled …; empty until it is completed."),
        "url": c.url("Its page.", "html_url"),
        "path": c.text("The file of the workflow."),
        "head_branch": c.text("The branch."),
        "head_commit": c.text("The commit.", "head_sha"),
        "actor_id": c.whole("Who set it off at first.", "actor.id"),
        "actor": c.text("Their login.", "actor.login"),
        "triggering_actor": c.text("Who set off this attempt.", "triggering_actor.login"),
        "created_at": _CREATED,
        "started_at": c.moment("When this attempt began.", "run_started_at"),
        "updated_at": _UPDATED,
    },
)

_ASSET = c.struct(
    {
        "id": c.whole("Identifier."),
        "name": c.text("Name of the file."),
        "size": c.whole("Size in bytes."),
        "download_count": c.whole("How often it was downloaded."),
        "url": c.url("Where it can be downloaded.", "browser_download_url"),
    },
    "A file.",
)

RELEASE = make_object_schema(
    description="A release.",
    id_property="id",
    display_property="name",
    link_property="url",
    properties={
        "id": c.whole("Identifier.", required=True),
        "repository": _REPOSITORY,
        "name": c.text("Name."),
        "tag": c.text("The tag.", "tag_name"),
        "target": c.text("The branch or commit that is tagged.", "target_commitish"),
        "body": c.text("What is new, in Markdown.", hint="markdown"),
        "url": c.url("Its page.", "html_url"),
        "author_id": c.whole("Who made it.", "author.id"),
        "author": c.text("Their login.", "author.login"),
        "is_draft": c.flag("Whether it is not published.", "draft"),
        "is_prerelease": c.flag("Whether it is a release before the release.", "prerelease"),
        "assets": c.several(_ASSET, "The files that come with it."),
        "created_at": _CREATED,
        "published_at": c.moment("When it was published."),
    },
)

MILESTONE = make_object_schema(
    description="A milestone.",
    id_property="id",
    display_property="title",
    link_property="url",
    properties={
        "id": c.whole("Identifier.", required=True),
        "repository": _REPOSITORY,
        "number": c.whole(_NUMBER),
        "title": c.text("Title."),
        "description": c.text("Description."),
        "state": c.text("open or closed."),
        "url": c.url("Its page.", "html_url"),
        "creator_id": c.whole("Who made it.", "creator.id"),
        "open_issues": c.whole("How many of its issues and pull requests are open."),
        "closed_issues": c.whole("How many are closed."),
        "due_on": c.moment("When it is due."),
        "created_at": _CREATED,
        "updated_at": _UPDATED,
        "closed_at": c.moment("When it was closed."),
    },
)

LABEL = make_object_schema(
    description="A label.",
    id_property="id",
    display_property="name",
    properties={
        "id": c.whole("Identifier.", required=True),
        "repository": _REPOSITORY,
        "name": c.text("Name."),
        "color": c.text("Colour, such as 0088aa."),
        "description": c.text("What it is for."),
        "is_default": c.flag("Whether new repositories have it.", "default"),
    },
)

COLLABORATOR = make_object_schema(
    description="Somebody who may do something in a repository.",
    id_property="id",
    display_property="login",
    link_property="url",
    properties={
        "id": c.whole("Identifier of the person.", required=True),
        "repository": _REPOSITORY,
        "login": c.text("Login."),
        "url": c.url("Their page.", "html_url"),
        "type": c.text("User or Bot."),
        "role": c.text("read, triage, write, maintain, admin, or a role of your own.", "role_name"),
    },
)
