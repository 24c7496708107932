"""The served description: it is true of the routes, and its schemas are sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from service.openapi.document import openapi_document
from service.params import FACET, SEARCH, Arguments, read_params
from service.resources import routes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.service.conftest import Api


def nodes(value: object) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from nodes(inner)


def test_it_is_served_as_it_is_made(api: Api) -> None:
    """What `/openapi.json` answers is OpenAPI 3.1 and the document that the tests hold answers against."""
    served = api.get("/openapi.json").json
    assert served["openapi"].startswith("3.1.")
    assert served["paths"].keys() == openapi_document()["paths"].keys()


def test_it_describes_every_route_and_method_and_no_other(api: Api) -> None:
    """The routes that are served are the routes that are described, method by method."""
    described = {path: {method.upper() for method in methods} for path, methods in openapi_document()["paths"].items()}
    served = {
        path: {name.removeprefix("on_").upper() for name in dir(resource) if name.startswith("on_")} - {"HEAD"}
        for path, resource in routes(api.serving).items()
    }
    assert described == served


def test_every_route_that_is_read_answers_head(api: Api) -> None:
    """Whatever can be got can be asked after."""
    for path, resource in routes(api.serving).items():
        assert hasattr(resource, "on_head") == hasattr(resource, "on_get"), path


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    """No `$ref` dangles, and the schemas are valid JSON Schema 2020-12, as OpenAPI 3.1 has it."""
    document = openapi_document()
    references = {node["$ref"] for node in nodes(document) if "$ref" in node}
    assert references <= {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    for node in nodes(document):
        for schema in [node["schema"]] if "schema" in node else []:
            jsonschema.Draft202012Validator.check_schema(schema)
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_operation_ids_are_unique_and_path_parameters_declared() -> None:
    """Generators of clients rely on both."""
    document = openapi_document()
    operations = [(path, operation) for path, methods in document["paths"].items() for operation in methods.values()]
    names = [operation["operationId"] for _, operation in operations]
    assert len(names) == len(set(names))
    for path, operation in operations:
        declared = {row["name"] for row in operation.get("parameters", []) if row["in"] == "path"}
        assert all((f"{{{name}}}" in path) for name in declared)
        assert len(declared) == path.count("{")


def test_no_part_of_a_path_is_empty() -> None:
    """Whatever stands in a path is one of a few words, or at least a letter."""
    for methods in openapi_document()["paths"].values():
        for operation in methods.values():
            for row in operation.get("parameters", []):
                assert row["in"] != "path" or "enum" in row["schema"] or row["schema"]["minLength"] == 1


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in (*SEARCH, *FACET)])
def test_a_parameters_schema_and_its_reading_agree(row: Any) -> None:
    """What the schema allows is read, what it forbids is refused: on values around each limit."""
    values: list[Any] = [0, 1, 50, 51, 200, 201, 10_000, 10_001, "", "and", "or", "2018", "2018-10", "2018-10-01"]
    values += ["0000", "0000-01-01", "2018-00", "2018-13", "2019-02-29", "2020-02-29", "2018-04-31", "9999-12-31"]
    values += ["20181", "x" * 200, "x" * 201, "x" * 256, "x" * 257, "a\x00", "a\x85", *row.schema.get("enum", ())]
    validator = jsonschema.Draft202012Validator(
        row.schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    for value in values:
        if value == "":
            continue  # is not given, whatever the schema says
        is_allowed = validator.is_valid(value)
        if isinstance(value, int) == (row.json_types == (str,)):
            assert not is_allowed
            continue
        try:
            row.read(str(value))
        except ValueError:
            assert not is_allowed, value
        else:
            assert is_allowed, value


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in (*SEARCH, *FACET) if row.example])
def test_examples_are_read(row: Any) -> None:
    """What is given as an example can be asked."""
    assert row.read(row.example)
    assert jsonschema.Draft202012Validator(row.schema).is_valid(row.example)


def test_every_group_has_operations_and_every_operation_a_group() -> None:
    """Readers of the description find each operation under a heading that is explained."""
    document = openapi_document()
    used = {tag for methods in document["paths"].values() for each in methods.values() for tag in each["tags"]}
    assert used == {tag["name"] for tag in document["tags"]}


def test_defaults_read_as_themselves() -> None:
    """Each default that is described is what is read when nothing is given."""
    params, problems = read_params(Arguments({}), SEARCH)
    assert problems == ()
    for row in openapi_document()["paths"]["/v1/search"]["get"]["parameters"]:
        if "default" in row["schema"]:
            assert getattr(params, row["name"]) == row["schema"]["default"]
