"""SQL that types a value of a row, or says why it cannot be typed (contract S4).

A recursion over the schema, down to its scalars, for which `scalar_values` has the SQL.

There are two degrees. The quick SQL types values in their usual form; of what it cannot type, the
thorough SQL judges, which takes ten times as long to plan and to run for dates and times.
"""

from collections.abc import Iterator
from enum import Enum, auto

from pack_sdk.schemas import Schema, ValueHint, ValueType
from pack_sync.stage.column_types import is_kept_as_json, scalar_type
from pack_sync.stage.moments import let
from pack_sync.stage.places import Place
from pack_sync.stage.scalar_values import is_absent, scalar_value
from pack_sync.warehouse.identifiers import quote_literal

_REASONS = 10
"""How many different reasons are told of one property whose value has many."""

_BETWEEN = "chr(30)"
"""SQL for what separates the reasons of a value: the ASCII record separator."""


class How(Enum):
    """How a value is judged.

    QUICK types what has its usual form. THOROUGH types all that can be, and accepts what the
    original SDK accepts (contract S4a). STRICT names as a problem what is accepted so and yet has
    no place in the column, so that it becomes NULL.
    """

    QUICK = auto()
    THOROUGH = auto()
    STRICT = auto()


def is_nested(schema: Schema) -> bool:
    """Whether the values of a property are arrays or objects, or may be."""
    return schema.type in (ValueType.ARRAY, ValueType.OBJECT, ValueType.JSON)


def value_of(schema: Schema, place: Place, depth: int = 0, *, how: How = How.QUICK) -> str:
    """SQL for the typed value at a place; NULL where it cannot be typed."""
    if not is_nested(schema):
        return scalar_value(schema, place.text, thorough=how is not How.QUICK)
    if schema.type is ValueType.JSON:
        return f"CASE WHEN {place.text} IS NOT NULL THEN {place.json} END"
    if how is How.QUICK:
        kind = "ARRAY" if schema.type is ValueType.ARRAY else "OBJECT"
        return f"CASE WHEN {place.is_kind(kind)} THEN {_inside(schema, place, depth, how)} END"
    if schema.type is ValueType.ARRAY:  # of what is none there is nothing to list
        return _inside(schema, Place(container=taken_for(schema, place)), depth, how)
    taken = f"n{depth}"
    inside = _inside(schema, Place(container=taken), depth + 1, how)
    found = f"CASE WHEN {taken} IS NOT NULL THEN {inside} END"
    found = let(taken, taken_for(schema, place), found)
    if id_schema := id_of_reference(schema):
        given = f"{place.is_scalar} AND NOT {is_absent(schema, place.text)}"
        return f"CASE WHEN {given} THEN {_only_id(schema, id_schema, place)} ELSE {found} END"
    return found


def _inside(schema: Schema, place: Place, depth: int, how: How) -> str:
    """SQL for the value of an array or object that is one."""
    if schema.type is ValueType.ARRAY and schema.items is not None:
        return _list(schema.items, place, depth, how)
    return _object(schema, place, depth, how)


def taken_for(schema: Schema, place: Place) -> str:
    """SQL for the array or object at a place, also if it comes as the other; NULL if as neither.

    XML has no arrays: where there may be many elements, one comes as an object; and a list may be
    of one. Some languages write an empty object as an empty list.
    """
    array, an_object = (f"WHEN {place.is_kind(kind)} THEN" for kind in ("ARRAY", "OBJECT"))
    if schema.type is ValueType.ARRAY:
        as_list = ""
        if schema.items is not None and schema.items.type is ValueType.OBJECT:
            as_list = f"{an_object} CAST('[' || {place.json} || ']' AS JSON)"
        return f"CASE {array} {place.json} {as_list} END"
    if is_kept_as_json(schema):
        return f"CASE {an_object} {place.json} {array} {place.json} END"
    first = place.child("0")
    one = f"WHEN {place.is_kind('ARRAY')} AND {place.is_one_object} THEN {first.json}"
    return f"CASE {an_object} {place.json} {one} END"


def _only_id(schema: Schema, id_schema: Schema, place: Place) -> str:
    """SQL for a reference of which there is nothing but the id."""
    id_value = value_of(id_schema, place, how=How.THOROUGH)
    fields = (
        f"{quote_literal(name)}: {id_value if prop is id_schema else 'NULL'}"
        for name, prop in schema.properties.items()
    )
    return f"{{{', '.join(fields)}}}"


def _object(schema: Schema, place: Place, depth: int, how: How) -> str:
    """SQL for an object as JSON or a struct."""
    if is_kept_as_json(schema):
        return place.json
    fields = {
        name: value_of(prop, place.of_property(schema, name), depth, how=how)
        for name, prop in schema.properties.items()
    }
    return f"{{{', '.join(f'{quote_literal(name)}: {fields[name]}' for name in fields)}}}"


def id_of_reference(schema: Schema) -> Schema | None:
    """The id of an object that refers to a row of another table."""
    if schema.hint is not ValueHint.REFERENCE or is_kept_as_json(schema):
        return None
    id_schema = schema.properties.get(str(schema.id_property))
    return None if id_schema is None or is_nested(id_schema) else id_schema


def _list(items: Schema, place: Place, depth: int, how: How) -> str:
    element = f"x{depth}"
    if is_nested(items):
        item = value_of(items, Place(container=element), depth + 1, how=how)
        return f"list_transform(json_extract({place.json}, '$[*]'), lambda {element}: {item})"
    texts = item_texts(place)
    if scalar_type(items) == "VARCHAR":
        return texts
    item = scalar_value(items, element, thorough=how is not How.QUICK)
    return f"list_transform({texts}, lambda {element}: {item})"


def item_texts(place: Place) -> str:
    """SQL for the items of the array at a place as texts, NULL for null."""
    return f"({place.json} ->> '$[*]')"


def lost_items(items: Schema, place: Place, typed: str) -> Iterator[str]:
    """SQL that is true where scalars of the array at a place are not in its `typed` value."""
    if items.required:
        yield f"list_count({typed}) < len({typed})"
    elif scalar_type(items) != "VARCHAR":  # any JSON has a text
        yield f"list_count({typed}) < list_count({item_texts(place)})"


def id_text(place: Place) -> str:
    """SQL for the text of a string id: of a number its value, however it is written (contract S6).

    Numbers come as DuckDB writes JSON: 1790.0 and 1e25, of which the values are whole.
    """
    text = place.text
    is_number = f"left({place.json}, 1) <> '\"'"
    mantissa = f"regexp_extract({text}, '^-?[0-9]+')"
    fraction = f"regexp_extract({text}, '\\.([0-9]*[1-9])', 1)"
    exponent = f"CAST(regexp_extract({text}, 'e[+]?([0-9]+)$', 1) AS INTEGER)"
    return f"""CASE
        WHEN NOT (contains({text}, '.') OR contains({text}, 'e')) OR NOT {is_number} THEN {text}
        WHEN {text} = '-0.0' THEN '0'
        WHEN regexp_full_match({text}, '-?[0-9]+[.]0') THEN left({text}, -2)
        WHEN regexp_full_match({text}, '-?[0-9]([.][0-9]+)?e[+]?[0-9]{{1,3}}')
            THEN {mantissa} || rpad({fraction}, {exponent}, '0')
        ELSE {text} END"""


def problem_of(
    schema: Schema,
    place: Place,
    name: str | None,
    depth: int = 0,
    *,
    how: How = How.QUICK,
    typed: str | None = None,
    required: bool | None = None,
) -> str:
    """SQL for why the value at a place cannot be typed, NULL when it can.

    `name` is the property's path for the message, such as `owner.email`; without one the message
    is empty, and the SQL half as long. `typed` is SQL for the typed value where there is such
    already; `required` takes the place of what the schema says.
    """
    cases: list[str] = []
    if schema.required if required is None else required:
        reason = _reason(name, quote_literal("required, but missing or null"))
        cases.append(f"WHEN {place.text} IS NULL THEN {reason}")
    wrong = _wrong(name, place.text, described(schema))
    if schema.type is ValueType.JSON:
        pass  # nothing can go wrong
    elif is_nested(schema):
        cases += _nested_problems(schema, place, name, depth, how)
        given = f"{place.kind} <> 'NULL'"
        if how is not How.QUICK:  # which may take what is no object for an object of nulls
            given += f" AND NOT {is_absent(schema, place.text)}"
        cases.append(f"WHEN {given} THEN {wrong}")
    elif scalar_type(schema) != "VARCHAR":  # any JSON has a text: nothing can go wrong
        typed = typed or scalar_value(schema, place.text, thorough=how is not How.QUICK)
        untyped = f"{place.text} IS NOT NULL AND {typed} IS NULL"
        cases.append(f"WHEN {untyped} AND NOT {is_absent(schema, place.text)} THEN {wrong}")
    return f"CASE {' '.join(cases)} END" if cases else "NULL"


def _nested_problems(
    schema: Schema, place: Place, name: str | None, depth: int, how: How
) -> Iterator[str]:
    """The cases of an array or object that is one, or can be taken for one."""
    if how is How.QUICK:
        kind = "ARRAY" if schema.type is ValueType.ARRAY else "OBJECT"
        inside = _problem_inside(schema, place, name, depth, how)
        yield f"WHEN {place.kind} = '{kind}' THEN {inside}"
        return
    found = taken_for(schema, place)
    if schema.type is ValueType.ARRAY:
        inside = _problem_inside(schema, Place(container=found), name, depth, how)
    else:
        taken = f"n{depth}"
        inside = _problem_inside(schema, Place(container=taken), name, depth + 1, how)
        inside = let(taken, found, inside)
    yield f"WHEN {found} IS NOT NULL THEN {inside}"
    if schema.type is ValueType.OBJECT:
        many = f"WHEN {place.kind} = 'ARRAY'"
        yield f"{many} AND {place.text} = '[]' THEN NULL"
        if how is How.THOROUGH:
            yield f"{many} THEN NULL"  # as the original SDK accepts it
    if id_schema := id_of_reference(schema):
        given = f"{place.is_scalar} AND NOT {is_absent(schema, place.text)}"
        yield f"WHEN {given} THEN {problem_of(id_schema, place, name, depth, how=how)}"


def _problem_inside(schema: Schema, place: Place, name: str | None, depth: int, how: How) -> str:
    """SQL for what is wrong inside of the array or object at a place."""
    if schema.type is ValueType.ARRAY and schema.items is not None:
        element = f"x{depth}"
        path = name and f"{name}[]"
        item = problem_of(schema.items, Place(container=element), path, depth + 1, how=how)
        found = f"list_transform(json_extract({place.json}, '$[*]'), lambda {element}: {item})"
        problems = f"list_filter({found}, lambda problem: problem IS NOT NULL)"
        return _all_of(problems) if how is How.STRICT else f"{problems}[1]"
    if is_kept_as_json(schema):
        return "NULL"
    id_schema = id_of_reference(schema)
    parts = [
        problem_of(
            prop,
            place.of_property(schema, key),
            name and f"{name}.{key}",
            depth,
            how=how,
            # A reference may be an id alone.
            required=False if id_schema and prop is not id_schema else None,
        )
        for key, prop in schema.properties.items()
    ]
    if how is How.STRICT:
        return f"nullif(concat_ws({_BETWEEN}, {', '.join([*parts, 'NULL'])}), '')"
    return f"coalesce({', '.join([*parts, 'NULL'])})"


def _all_of(problems: str) -> str:
    """SQL for a list of problems as one, NULL if there are none; of very many the first."""
    first = f"list_sort(list_distinct({problems}))[:{_REASONS + 1}]"
    return f"nullif(array_to_string({first}, {_BETWEEN}), '')"


def reasons_of(problem: str) -> str:
    """SQL for the distinct reasons that the STRICT problem of an array or object consists of."""
    distinct = f"list_sort(list_distinct(string_split({problem}, {_BETWEEN})))"
    more = f"CASE WHEN len(reasons) > {_REASONS} THEN '; and more' ELSE '' END"
    return let("reasons", distinct, f"array_to_string(reasons[:{_REASONS}], '; ') || {more}")


def _wrong(name: str | None, text: str, expected: str) -> str:
    shown = f"CASE WHEN {text} = '' THEN 'the empty string' ELSE left({text}, 200) END"
    return _reason(name, f"{shown} || {quote_literal(f' is not {expected}')}")


def _reason(name: str | None, what: str) -> str:
    return f"{quote_literal(f'property {name!r}: ')} || {what}" if name else "''"


def described(schema: Schema) -> str:
    """What a value has to be, such as `a string (date) that fits DATE`."""
    if is_nested(schema):
        return "an array" if schema.type is ValueType.ARRAY else "an object"
    hint = f" ({schema.hint.value})" if schema.hint else ""
    whole = "whole " if scalar_type(schema) in ("BIGINT", "INTEGER") else ""
    return f"a {whole}{schema.type.value}{hint} that fits {scalar_type(schema)}"
