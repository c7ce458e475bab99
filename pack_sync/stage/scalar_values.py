"""SQL that types a scalar by its text, or tells that it says there is no value (contract S4, S4a).

DuckDB's own casts are too kind for JSON: they would round 1.5 to 2 for a whole number, take true
for 1, and infinity for a date.

There are two degrees. The quick SQL types values in their usual form. The thorough SQL judges what
the quick one cannot type; for dates and times it takes ten times as long, to plan and to run.
"""

from pack_sdk.schemas import Schema, ValueType
from pack_sync.stage.column_types import EXACT, TEMPORAL_TYPES, scalar_type
from pack_sync.stage.intervals import interval_of, quick_interval
from pack_sync.stage.moments import is_no_date, moment_of, quick_moment, quick_time

_NUMBER = r"'\s*[-+]?[0-9.]+([eE][-+]?[0-9]+)?\s*'"
_LARGEST_EXACT = 2**53
"""Up to here a DOUBLE holds every whole number."""

_DIGITS = r"'\s*[-+]?[0-9]+\s*'"
_USUAL_WHOLE = "'[-+]?[0-9]+([.]0+)?'"


def is_absent(schema: Schema, text: str) -> str:
    """SQL that is true where a text, which is not NULL, says that there is no value.

    Packs return such, because the original SDK does not look at what is false in JavaScript. Zero
    is a value where the type is a number: the first moment of 1970, or no time at all.
    """
    if schema.type is ValueType.BOOLEAN:
        return f"{text} = ''"
    if schema.type is ValueType.NUMBER:
        return f"{text} IN ('', 'false')"
    if schema.type is ValueType.STRING and schema.hint not in TEMPORAL_TYPES:
        return "false"
    absent = f"{text} IN ('', 'false', '0', '-0', '0.0', '-0.0')"
    is_moment = schema.type is ValueType.STRING and scalar_type(schema) != "INTERVAL"
    return f"({absent} OR {is_no_date(text)})" if is_moment else absent


def scalar_value(schema: Schema, text: str, *, thorough: bool = False) -> str:
    """SQL that types `text`, an SQL expression of a scalar's text; NULL if it cannot."""
    sql_type = scalar_type(schema)
    if sql_type == "VARCHAR":
        return text
    if sql_type == "BOOLEAN":
        return (
            f"CASE WHEN {text} IN ('true', '1') THEN true "
            f"WHEN {text} IN ('false', '0') THEN false END"
        )
    if schema.type is ValueType.STRING:
        return _thorough_temporal(sql_type, text) if thorough else _quick_temporal(sql_type, text)
    if schema.hint in TEMPORAL_TYPES:
        return _temporal_from_number(sql_type, text)
    if sql_type in ("BIGINT", "INTEGER"):
        return f"TRY_CAST({_whole(text)} AS {sql_type})"
    if sql_type == "DOUBLE":
        return _exact_double(text)
    if schema.precision == EXACT:
        return _exact_decimal(text)
    # Like the other casts this one takes inf and 0x10, which JSON does not have.
    return f"CASE WHEN regexp_full_match({text}, {_NUMBER}) THEN {_decimal(text)} END"


def usual_value(schema: Schema, text: str) -> str:
    """As `scalar_value`, but NULL for more: numbers in a notation, or of a size, that is rare.

    It takes a quarter of the time to plan, which is most of the time of a sync of few rows.
    """
    sql_type = scalar_type(schema)
    if schema.hint not in TEMPORAL_TYPES:
        if sql_type in ("BIGINT", "INTEGER"):
            digits = f"TRY_CAST(split_part({text}, '.', 1) AS {sql_type})"
            return f"CASE WHEN regexp_full_match({text}, {_USUAL_WHOLE}) THEN {digits} END"
        if sql_type == "DOUBLE":
            number = f"TRY_CAST({text} AS DOUBLE)"
            usual = f"abs({number}) < {_LARGEST_EXACT} AND NOT contains({text}, '_')"
            return f"CASE WHEN {usual} THEN {number} END"
    return scalar_value(schema, text)


def _finite(text: str) -> str:
    number = f"TRY_CAST({text} AS DOUBLE)"
    return f"CASE WHEN isfinite({number}) AND NOT contains({text}, '_') THEN {number} END"


def _exact_double(text: str) -> str:
    """SQL for a DOUBLE, NULL for what it would round: whole numbers beyond 2^53 (contract S7).

    A double is written with the fewest digits that tell it from others, and zeros after them; so
    a number with just these digits is what a double became, and not rounded.
    """
    number = f"TRY_CAST({text} AS DOUBLE)"
    digits, own = (
        f"trim(replace(split_part(ltrim(lower({each}), ' +-0'), 'e', 1), '.', ''), ' 0')"
        for each in (text, f"CAST({number} AS VARCHAR)")
    )
    exact = f"TRY_CAST({number} AS HUGEINT) = TRY_CAST({text} AS HUGEINT)"
    return (
        f"CASE WHEN contains({text}, '_') THEN NULL WHEN abs({number}) < {_LARGEST_EXACT} "
        f"THEN {number} WHEN isfinite({number}) AND ({digits} = {own} OR {exact}) "
        f"THEN {number} END"
    )


def _exact_decimal(text: str) -> str:
    """SQL for a DECIMAL(38, 9), NULL for what it would round."""
    decimal = _decimal(text)
    same = f"CAST({decimal} AS DOUBLE) = TRY_CAST({text} AS DOUBLE)"
    return f"CASE WHEN regexp_full_match({text}, {_NUMBER}) AND {same} THEN {decimal} END"


def _decimal(text: str) -> str:
    """SQL for a DECIMAL(38, 9), NULL outside its range.

    DuckDB's cast of a text with an exponent lets through what is up to 1.7 times too large,
    and whatever touches such a value fails.
    """
    in_range = f"abs(TRY_CAST({text} AS DOUBLE)) < 1e29"
    return f"CASE WHEN {in_range} THEN TRY_CAST({text} AS DECIMAL(38, 9)) END"


def _whole(text: str) -> str:
    """SQL for a whole number: a cast would round 1.5, but 2.0 and 1e3 are whole."""
    number, rough = _decimal(text), f"TRY_CAST({text} AS DOUBLE)"
    return (  # DECIMAL alone would take 1e-10 for 0, DOUBLE alone 9007199254740993.5 for whole
        f"CASE WHEN regexp_full_match({text}, {_DIGITS}) THEN TRY_CAST({text} AS BIGINT) "
        f"WHEN regexp_full_match({text}, {_NUMBER}) AND {number} = trunc({number}) "
        f"AND {rough} = trunc({rough}) THEN TRY_CAST({number} AS BIGINT) END"
    )


def _quick_temporal(sql_type: str, text: str) -> str:
    if sql_type == "INTERVAL":
        return quick_interval(text)
    if sql_type == "TIME":
        return quick_time(text)
    moment = quick_moment(text)
    return f"CAST(timezone('UTC', {moment}) AS DATE)" if sql_type == "DATE" else moment


def _thorough_temporal(sql_type: str, text: str) -> str:
    """What is no value may look like one: 0 as a date would be the year 2000."""
    if sql_type == "INTERVAL":
        return interval_of(text)
    quick, moment = _quick_temporal(sql_type, text), moment_of(text, only_time=sql_type == "TIME")
    typed = (
        f"CAST({moment} AS {sql_type})"
        if sql_type in ("DATE", "TIME")
        else f"timezone('UTC', {moment})"
    )
    return f"coalesce({quick}, {typed})"


def _temporal_from_number(sql_type: str, text: str) -> str:
    number = _finite(text)
    if sql_type == "INTERVAL":  # days
        return f"TRY(to_microseconds(CAST(round({number} * 86400000000) AS BIGINT)))"
    moment = f"TRY(to_timestamp({number}))"
    if sql_type in ("DATE", "TIME"):
        return f"TRY(CAST(timezone('UTC', {moment}) AS {sql_type}))"
    return moment
