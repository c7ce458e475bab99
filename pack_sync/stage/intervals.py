"""SQL that reads durations: `6 hrs 1 min` and `01:30`, as DuckDB does, and ISO 8601's `PT1H30M`."""

_NUMBER = r"[-+]?[0-9]+(?:[.,][0-9]+)?"

_ISO = (
    rf"[-+]?P(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?"
)

_DAYS = {"Y": "years", "M": "months", "W": "weeks", "D": "days"}

_CLOCK = {"H": "hours", "M": "minutes", "S": "seconds"}


def quick_interval(text: str) -> str:
    """SQL for the INTERVAL of a text that DuckDB's cast reads, NULL of others."""
    # The cast takes a number without a unit for seconds.
    return f"CASE WHEN regexp_matches({text}, '[a-zA-Z:]') THEN TRY_CAST({text} AS INTERVAL) END"


def interval_of(text: str) -> str:
    """SQL for the INTERVAL of a text, NULL where it is none."""
    iso = f"upper(trim({text}))"
    days = _with_words(f"split_part({iso}, 'T', 1)", _DAYS)
    clock = _with_words(f"split_part({iso}, 'T', 2)", _CLOCK)
    length = f"TRY_CAST(regexp_replace({days}, '^[-+]?P', '') || ' ' || {clock} AS INTERVAL)"
    return f"""CASE
        WHEN regexp_full_match({iso}, '{_ISO}')
            THEN TRY({length} * CASE WHEN starts_with({iso}, '-') THEN -1 ELSE 1 END)
        ELSE {quick_interval(text)} END"""


def _with_words(text: str, units: dict[str, str]) -> str:
    text = f"replace({text}, ',', '.')"
    for letter, word in units.items():
        text = rf"regexp_replace({text}, '([0-9]){letter}', '\1 {word} ')"
    return text
