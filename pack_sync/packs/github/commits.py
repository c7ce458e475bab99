"""Commits of a branch by its history, not by dates: a commit may come later than its date says.

https://docs.github.com/en/rest/commits/commits
"""

from pack_sdk import ChangeFeed, FullSyncNeededError, SyncExecutionContext, SyncPage, next_link

from .paging import PAGE_SIZE, get, of_repository


def history(context: SyncExecutionContext, repository: str, feed: ChangeFeed) -> SyncPage:
    """A page of all commits up to the one that was the last when the sync began."""
    path = f"/repos/{repository}/commits"
    if feed.start is None:
        feed.start = {"head": _head(context, repository)}
    if feed.next_page:
        response = get(context, feed.next_page)
    else:
        response = get(context, path, sha=feed.start["head"], per_page=PAGE_SIZE)
    return feed.page(of_repository(repository, response.body), next_page=next_link(response))


def new_commits(context: SyncExecutionContext, repository: str, feed: ChangeFeed) -> SyncPage:
    """What the branch has, and the commit up to which it is known has not.

    Raises `FullSyncNeededError` if that commit is no longer in the branch.
    """
    known = feed.position
    head, further, seen = known["head"], known.get("url"), known.get("seen", 0)
    if not further:
        base, head = head, _head(context, repository)
        further = f"/repos/{repository}/compare/{base}...{head}?per_page={PAGE_SIZE}&page=1"
    response = get(context, further)
    body, more = response.body, next_link(response)
    seen += len(body["commits"])
    if body["status"] not in ("ahead", "identical"):
        raise FullSyncNeededError("the branch was rewritten")
    if not more and seen < body["total_commits"]:
        raise FullSyncNeededError("more commits are new than GitHub lists")
    position = {"head": head, "url": more, "seen": seen} if more else {"head": head}
    rows = of_repository(repository, body["commits"])
    return feed.page(rows, next_position=position, more=bool(more))


def _head(context: SyncExecutionContext, repository: str) -> str:
    return str(get(context, f"/repos/{repository}/commits", per_page=1).body[0]["sha"])
