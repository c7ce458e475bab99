"""What services call the things of paging: parameters of requests and values beside the rows.

Names are compared without case and punctuation, see `naming.normalized`. A value is also known by
its name with that of what it is in, such as `next.after`.
"""

from collections.abc import Iterable, Sequence

from pack_sdk.testing.list_endpoint import (
    LastId,
    LinkHeader,
    NextToken,
    NextUrl,
    Offset,
    OnePage,
    PageNumber,
    Paging,
    Path,
)
from pack_sync.new_pack.naming import normalized

NEXT_URLS = (
    "nexturl", "nextlink", "nextpageurl", "nextpagelink", "nextpageuri", "nexturi", "nexthref",
    "odatanextlink", "linksnext", "linksnexthref", "nextpagepath", "nextresultsurl",
)  # fmt: skip
"""Values that are a URL by their names."""
NEXT = ("next", "nextpage")
"""Values that may be a URL, a token or a number."""
NEXT_TOKENS = (
    "nextpagetoken", "nextcursor", "nexttoken", "nextafter", "nextpagecursor", "nextmarker",
    "cursorsafter", "cursornext", "endcursor", "nextpageid", "nextpagekey", "continuationtoken",
    "nextcontinuationtoken", "nextstartingafter", "nextscrollid", "scrollid", "nextkey", "cursor",
    "after", "continue", "metadatacontinue", "pagetoken", "nextid", "nextoffset", "marker",
    "nextsearchafter", "bookmark", "lastevaluatedkey", "paginationtoken", "nextpageoffset",
    "continuation", "nextpagestart", "nextstart", "pagingtoken", "cursormark", "nextcursormark",
    "nextpaginationtoken", "nextpagemarker", "nextanchor", "anchor", "nextpagestate", "lastkey",
    "nextbatchid", "nextstartkey", "nextskip", "iterator", "resume", "resumetoken",
    "resumptiontoken", "nextpagecontinuation",
)  # fmt: skip
TOKEN_PARAMETERS = (
    "pagetoken", "cursor", "nextpagetoken", "nextcursor", "nexttoken", "after", "startingafter",
    "continuationtoken", "continuation", "continue", "pagecursor", "pageafter", "marker",
    "startkey", "exclusivestartkey", "paginationtoken", "nextpagekey", "scrollid", "bookmark",
    "token", "startafter", "aftercursor", "pageid", "nextpage", "page", "offset", "start", "next",
    "searchafter", "pagingtoken", "cursormark", "anchor", "from", "nextid", "pagekey",
    "nextpageid", "pagestate", "fromid", "afterid", "skip", "skiptoken", "nextkey", "lastkey",
    "startcursor", "pagemarker", "iterator", "resume", "resumetoken", "resumptiontoken",
)  # fmt: skip
LAST_ID_PARAMETERS = ("startingafter", "afterid", "lastid", "startafter", "startafterid", "maxid")
OFFSET_PARAMETERS = (
    "offset", "skip", "start", "startat", "startindex", "pageoffset", "startposition", "from",
    "resultoffset", "firstresult", "startrow", "first", "sysparmoffset", "limitstart",
    "paginationoffset", "begin", "startrecord", "recordstoskip", "iskip", "skiprecords",
)  # fmt: skip
PAGE_PARAMETERS = (
    "page", "pagenumber", "pageno", "pagenum", "pageindex", "currentpage", "p", "pg",
    "pagenr", "pageid", "ipage", "pagepage", "paginationpage", "startpage", "paging",
)  # fmt: skip
SIZE_PARAMETERS = (
    "limit", "perpage", "pagesize", "pagelimit", "maxresults", "count", "size", "top", "first",
    "maxitems", "maxresultsperpage", "results", "rows", "num", "itemsperpage", "resultsperpage",
    "maxpagesize", "take", "maxcount", "pagecount", "n", "maxkeys", "sysparmlimit", "numresults",
    "amount", "length", "pp", "max", "pageelements", "maxrecords", "ps", "resultcount",
    "entriesperpage", "maxentries", "recordsperpage", "nbperpage", "hitsperpage", "numbertoread",
    "batch", "batchsize", "chunk", "chunksize",
)  # fmt: skip
HAS_MORE = (
    "hasmore", "hasnext", "hasnextpage", "morerecords", "hasmorepages", "hasmoreitems",
    "hasmoreresults", "moreavailable", "hasmoredata",
)  # fmt: skip
TOTAL_PAGES = (
    "totalpages", "pagecount", "pagestotal", "lastpage", "numpages", "numberofpages", "pages",
    "totalpagecount", "pagetotalpages", "totalnumberofpages", "pagetotal", "totalpagenumber",
)  # fmt: skip
TOTALS = (
    "total", "totalcount", "totalresults", "totalitems", "totalrecords", "totalsize", "totalrows",
    "totalelements", "totalhits", "totalentries", "numfound", "totalresultcount", "totalnumber",
    "totalmatched", "recordcount", "totalentrycount",
)  # fmt: skip
SYNC_TOKENS = (
    "nextsynctoken", "synctoken", "deltatoken", "nextdeltatoken", "odatadeltalink", "deltalink",
    "newstartpagetoken",
)  # fmt: skip
PAGING_OBJECTS = ("paging", "pagination", "page", "pageinfo", "pager", "cursor", "cursors")
"""What values of paging are in, where they are in an object of their own."""
CHANGE_WORDS = ("updat", "modif", "chang", "touched", "edited", "altered", "revised")
SINCE_WORDS = ("since", "after", "from", "gte", "gt", "min", "start", "begin", "later", "newer")


def names_of_value(path: Path) -> tuple[str, ...]:
    """What a value may be known by: its own name, and that with the one around it."""
    own = normalized(path[-1])
    return (normalized("".join(path[-3:])), normalized("".join(path[-2:])), own)


def find_value(paths: Iterable[Path], names: Sequence[str]) -> Path | None:
    """The value that has the first of these names; the one nearest to the top."""
    ordered = sorted(paths, key=len)
    for name in names:
        for path in ordered:
            if name in names_of_value(path):
                return path
    return None


def may_be_tokens(paths: Iterable[Path]) -> list[Path]:
    """The values in objects that are about paging: there any text may be a token."""
    return [path for path in paths if any(normalized(part) in PAGING_OBJECTS for part in path[:-1])]


def find_parameter(parameters: Iterable[str], names: Sequence[str]) -> str | None:
    """The parameter that has the first of these names, perhaps as a part: `options.page`."""
    given = list(parameters)
    by_name = {normalized(each.rpartition(".")[2]): each for each in reversed(given)}
    by_name |= {normalized(each): each for each in reversed(given)}
    return next((by_name[name] for name in names if name in by_name), None)


def shown(path: Path) -> str:
    """A place in a body, as people write it."""
    return ".".join(path)


def in_words(paging: Paging) -> str:
    """How pages follow one another, to be read after the word for the table or request."""
    match paging:
        case LinkHeader():
            return "follows the Link header"
        case NextUrl():
            return f"follows the URL in {shown(paging.key)}"
        case NextToken():
            return f"sends {shown(paging.key)} as {paging.parameter}"
        case PageNumber():
            return f"counts pages in {paging.parameter}, from {paging.first} on"
        case Offset():
            return f"counts rows in {paging.parameter}, from {paging.first} on"
        case LastId():
            return f"sends the last row's id as {paging.parameter}"
        case OnePage():
            return "reads one page"
