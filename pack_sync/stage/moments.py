r"""SQL that reads dates and times as people and programs write them (contract S4b).

What is taken: ISO 8601 as RFC 3339 (its appendix A: basic forms, weeks, ordinal days) and RFC 9557
have it, and what JavaScript's `Date.parse` makes of days, months, times and zones. The time is
looked for anywhere in the text; what is left is the date, which a chain of regular expressions
brings to year-month-day. All of it is DuckDB's to do, by the vector. A day that does not exist, an
offset of a day or more, and words that say neither a day, a month nor a zone make it NULL.
"""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_ZONES = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7,
    "mdt": -6, "pst": -8, "pdt": -7,
}  # fmt: skip
"""Hours from UTC of the names that RFC 2822 and `Date.parse` know."""

_ZONE = "|".join(sorted(_ZONES, reverse=True))

_UNUSUAL, _USUAL = "\u00a0\u202f\u2009\t\n\u2212", "     -"
"""Blanks that people do not see the difference of, and the minus of typographers."""

_TIME = (
    r"(?:^|[ ,])(\d{1,2}):(\d{0,2}):?(\d{0,2})(?:[.,](\d+))? *(?:([ap])[.]?m[.]?)?"
    rf" *({_ZONE})? *(?:([+-])(\d{{1,2}}?):?(\d\d)?)?(?:[ ,]|$)"
)

_TIME_PARTS = ("hour", "minute", "second", "fraction", "half", "zone", "sign", "hours", "minutes")

_ZONE_NAME = r"(?:\[!?([^\]=]+)\]| ([a-z_]+/[a-z0-9_/+-]+)$)"
"""As RFC 9557 has it, or as some programs write it after the time."""

_CLEANING = (
    (_ZONE_NAME, ""),
    (r"\[[^\]]*\]", ""),  # a calendar, or another thing that RFC 9557 lets one add
    (r" *\([^()]*\)", ""),  # the name of the zone, as JavaScript writes it
    (r"(^|\d)t(\d\d):?(\d\d)?:?(\d\d)?", r"\1 \2:\3:\4"),
)
"""What makes of a text, in lower case, one that `_TIME` finds the time in."""

_ZONES_OF_DAYS = (
    (rf"^(.*\d) *((?:{_ZONE})(?:[+-][\d:]+)?)$", r"\1 00:00 \2"),
    (r"^ ?(\d{4}-\d\d-\d\d)([+-]\d\d:\d\d)$", r"\1 00:00 \2"),
)

_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:t|tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)

_NUMBERS = (
    (r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3"),
    (r"^([+-]?\d{4,6})$", r"\1-1-1"),
    (r"^(\d{4,6})[-/ .](\d\d?)$", r"\1-\2-1"),
    (r"^(\d{3,6})[/ .]+(\d\d?)[/ .]+(\d\d?)$", r"\1-\2-\3"),
    (r"^(\d\d?)[-/ .]+(\d\d?)[-/ .,]+(\d{1,6})$", r"\3-\1-\2"),
    (r"^(\d\d?)/(\d\d?)$", r"2001-\1-\2"),
)
"""From a date in numbers to year-month-day. What has no year is in 2001, as JavaScript has it."""

_NAMES = (
    (r"^(?:sun|mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?)(?:day)?[ ,.]+", ""),
    (rf"^{_MONTH}[-/ .]*(\d\d?)(?:[-/ .,]+(\d{{1,6}}))?$", r"\3-\1-\2"),
    (rf"^(\d\d?)[-/ .]*{_MONTH}(?:[-/ .,]*(\d{{1,6}}))?$", r"\3-\2-\1"),
    (rf"^{_MONTH}[-/ .,]*(\d{{3,6}})$", r"\2-\1-1"),
    (rf"^(\d{{3,6}})[-/ .]*{_MONTH}$", r"\1-\2-1"),
    (rf"^(\d{{3,6}})[-/ .]*{_MONTH}[-/ .,]*(\d\d?)$", r"\1-\2-\3"),
    (r"^-", "2001-"),
)
"""The same from a date with the name of a month, and with that of a day or without."""

_DATE = r"^([+-]?\d{1,6})-(\d\d?|[a-z]{3})[a-z]*-(\d\d?)$"

_WEEK_OR_DAY = r"^(\d{4})-?(?:w(\d\d)(?:-?([1-7]))?|(\d{3}))$"

_NO_DATE = (
    r"\s*(?:0000[-/]00[-/]00|00/00/0000)(?:[ T]00:00(?::00(?:[.]0+)?)?)?"
    r" ?(?:Z|UTC|[+-]00:?00)?\s*"
)

_QUICK = (
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.]\d+)?)?"
    r"(?:Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?)?"
)


def quick_moment(text: str) -> str:
    """SQL for the moment of a text in a usual form as TIMESTAMP WITH TIME ZONE, NULL of others."""
    # LIKE takes a third of the time that the regular expression does.
    return (
        f"CASE WHEN {text} LIKE '____-__-__T__:__:__%Z' OR regexp_full_match({text}, '{_QUICK}') "
        f"THEN TRY_CAST({text} AS TIMESTAMPTZ) END"
    )


def quick_time(text: str) -> str:
    """SQL for the TIME of a text in a usual form, NULL of others."""
    usual = r"(?:[01]\d|2[0-3]):\d\d(?::\d\d(?:[.]\d+)?)?"
    return f"CASE WHEN regexp_full_match({text}, '{usual}') THEN TRY_CAST({text} AS TIME) END"


def moment_of(text: str, *, only_time: bool = False) -> str:
    """SQL for the moment of a text as TIMESTAMP in UTC, NULL where it is none.

    What has no zone is in UTC. With `only_time` there must be a time, and may be a date; a time
    alone is one of 1970-01-01.
    """
    lower = f"lower(translate({text}, '{_UNUSUAL}', '{_USUAL}'))"
    rest = f"trim(regexp_replace(cleaned, '{_TIME}', ' '), ' ,.')"
    # Few lambdas: each that is inside of another doubles the time that DuckDB plans.
    found = f"""{{
        'part': regexp_extract(cleaned, '{_TIME}', {list(_TIME_PARTS)}),
        'day': {rest},
        'ymd': regexp_extract({_year_month_day(rest)}, '{_DATE}', ['year', 'month', 'day'])
    }}"""
    date = f"TRY({_date()})"
    if only_time:
        date = f"""CASE WHEN found.part.hour = '' THEN NULL
            WHEN found.day = '' THEN DATE '1970-01-01' ELSE {date} END"""
    local = f"TRY({date} + to_microseconds({_microseconds()} + {_fraction()}))"
    name = "".join(f"regexp_extract({lower}, '{_ZONE_NAME}', {n}) || " for n in (1, 2)) + "''"
    name = f"({name})"
    blank = f"CASE WHEN left({name}, 1) IN ('+', '-') THEN '' ELSE ' ' END"
    there = f"CAST({local} AS VARCHAR) || {blank} || {name}"
    moment = f"""CASE WHEN found.part.zone || found.part.sign <> '' OR {name} = ''
        THEN TRY({local} - to_minutes({_offset()}))
        ELSE timezone('UTC', TRY_CAST({there} AS TIMESTAMPTZ)) END"""
    return let("cleaned", _with_time(_chain(lower, _CLEANING)), let("found", found, moment))


def is_no_date(text: str) -> str:
    """SQL that is true for a date of zeros: some databases write so that there is none."""
    return f"regexp_full_match({text}, '{_NO_DATE}')"


def let(name: str, value: str, body: str) -> str:
    """SQL for `body`, in which `name` is `value`, computed once."""
    return f"list_transform([{value}], lambda {name}: {body})[1]"


def _chain(text: str, replacements: tuple[tuple[str, str], ...]) -> str:
    for pattern, by in replacements:
        text = f"regexp_replace({text}, '{pattern}', '{by}', 'g')"
    return text


def _with_time(text: str) -> str:
    """SQL for a text in which a day that has a zone has a time, so that `_TIME` finds the zone."""
    days = _chain(text, _ZONES_OF_DAYS)
    return (
        f"CASE WHEN contains({text}, ':') AND NOT {text} LIKE '%-%:__' THEN {text} ELSE {days} END"
    )


def _year_month_day(text: str) -> str:
    has_name = f"regexp_matches({text}, '[a-z]{{3}}')"
    return f"CASE WHEN {has_name} THEN {_chain(text, _NAMES)} ELSE {_chain(text, _NUMBERS)} END"


def _date() -> str:
    """SQL for the DATE that is `found`."""
    year = "CAST(found.ymd.year AS INTEGER)"
    full_year = (  # only a year of two digits or one is short of its century
        f"CASE WHEN length(found.ymd.year) > 2 THEN {year} "
        f"ELSE {year} + CASE WHEN {year} < 50 THEN 2000 ELSE 1900 END END"
    )
    month = (
        "coalesce(TRY_CAST(found.ymd.month AS INTEGER), "
        f"list_position({list(_MONTHS)}, found.ymd.month))"
    )
    return f"""CASE WHEN regexp_matches(found.day, '{_WEEK_OR_DAY}') THEN {_week_or_day()}
        ELSE make_date({full_year}, {month}, CAST(found.ymd.day AS INTEGER)) END"""


def _week_or_day() -> str:
    """SQL for the DATE of a week, a day of a week, or a numbered day of a year."""
    compact = "upper(replace(found.day, '-', ''))"
    of_week = f"try_strptime(rpad({compact}, 8, '1'), '%GW%V%u')"  # a week's first day is its first
    of_year = f"try_strptime({compact}, '%Y%j')"
    # It takes the day 366 of a usual year for the first of the next.
    exists = f"year({of_year}) = CAST({compact}[1:4] AS INTEGER)"
    return f"""CASE WHEN contains({compact}, 'W') THEN CAST({of_week} AS DATE)
        WHEN {exists} THEN CAST({of_year} AS DATE) END"""


def _number(part: str) -> str:
    return f"CAST('0' || found.part.{part} AS BIGINT)"


def _microseconds() -> str:
    """SQL for the time of day that is `found`, without its fraction; NULL if none is such."""
    hour, minute, second = map(_number, ("hour", "minute", "second"))
    afternoon = f"{hour} % 12 + CASE found.part.half WHEN 'p' THEN 12 ELSE 0 END"
    hours = f"CASE WHEN found.part.half = '' THEN {hour} ELSE {afternoon} END"
    # Midnight may be the end of a day, and a minute may have a leap second at its end.
    valid = (
        f"{hour} <= CASE found.part.half WHEN '' THEN 23 ELSE 12 END AND {minute} < 60 "
        f"AND ({second} < 60 OR {second} = 60 AND {minute} = 59) "
        f"OR {hour} = 24 AND found.part.half = '' AND {minute} + {second} + {_fraction()} = 0"
    )
    return f"CASE WHEN {valid} THEN (({hours}) * 3600 + {minute} * 60 + {second}) * 1000000 END"


def _fraction() -> str:
    """SQL for the microseconds of the fraction of the second, or of what is the last given."""
    millionths = "CAST(left(rpad(found.part.fraction, 6, '0'), 6) AS BIGINT)"
    minutes = "CASE WHEN found.part.minute <> '' THEN 60 ELSE 3600 END"
    unit = f"CASE WHEN found.part.second <> '' THEN 1 ELSE {minutes} END"
    return f"CASE WHEN found.part.fraction = '' THEN 0 ELSE {millionths} * {unit} END"


def _offset() -> str:
    """SQL for the minutes by which the zone that is `found` is ahead of UTC; NULL for a day."""
    names = " ".join(f"WHEN '{name}' THEN {hours * 60}" for name, hours in _ZONES.items() if hours)
    hours, minutes = map(_number, ("hours", "minutes"))
    ahead = f"CASE found.part.sign WHEN '-' THEN -1 ELSE 1 END * ({hours} * 60 + {minutes})"
    return (
        f"CASE WHEN {hours} < 24 AND {minutes} < 60 "
        f"THEN CASE found.part.zone {names} ELSE 0 END + {ahead} END"
    )
