"""What requests bring, as OpenAPI: parameters and bodies, from the rows of `service.params`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from service.params import MAX_VALUES, NO_CONTROL

if TYPE_CHECKING:
    from service.openapi.operation import PathParameter
    from service.params import Parameter

Json: TypeAlias = dict[str, Any]

_BLANK: Final = {"type": "string", "pattern": "^ *$"}
"""What forms send for fields nobody filled in: as good as not given."""


def path_parameter(row: PathParameter) -> Json:
    """A part of the path."""
    schema: Json = {"type": "string"} | ({"enum": list(row.choices)} if row.choices else {"minLength": 1})
    if row.longest:
        schema["maxLength"] = row.longest
    return {
        "name": row.name,
        "in": "path",
        "required": True,
        "description": row.meaning,
        "schema": schema,
        "example": row.example,
    }


def query_parameter(row: Parameter) -> Json:
    """A parameter of the query string."""
    described = {"name": row.name, "in": "query", "description": row.meaning, "schema": _schema(row)}
    if row.example is None:
        return described
    return described | {"example": [row.example] if row.repeats else row.example}


def body_of_parameters(rows: tuple[Parameter, ...]) -> Json:
    """The JSON object that has the parameters as its members."""
    properties = {row.name: _schema(row, in_json=True) | {"description": row.meaning} for row in rows}
    example = {row.name: [row.example] if row.repeats else row.example for row in rows if row.example is not None}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def body_of_type(schema: Json, media_type: str) -> Json:
    """A body of one schema."""
    return {"required": True, "content": {media_type: {"schema": schema}}}


def _schema(row: Parameter, *, in_json: bool = False) -> Json:
    """A parameter's JSON schema: anything may be blank; in JSON, flags may be booleans, too, and anything null."""
    one: Json = dict(row.schema)
    if in_json and bool in row.json_types:
        one = {"enum": [*one["enum"], *(bool(value) for value in one["enum"])]}
    takes_blank = one.get("type") == "string" and "enum" not in one and one.get("pattern") == NO_CONTROL
    if not takes_blank and (str in row.json_types or not in_json):
        one = {"anyOf": [one, _BLANK]}
    schema = {"type": "array", "items": one, "maxItems": MAX_VALUES} if row.repeats else one
    if in_json:
        return {"anyOf": [schema, one, {"type": "null"}] if row.repeats else [schema, {"type": "null"}]}
    default = int(row.default) if isinstance(row.default, bool) else row.default
    return schema | ({"default": default} if default else {})
