"""`/openapi.json`: the API described for programs (OpenAPI 3.1), made from the tables and structs it is served by.

    openapi_document()    the whole description (`document`)
    OPERATIONS            what each method of each route takes and gives: one table (`operations`)

Parameters come from the rows of `service.params` (`requests` spells them), answers from the structs of `service.wire`
and its like (`responses`); what is written down here is only which route takes and gives which. Tests hold it against
the routes, every answer of the other tests against it, and schemathesis both ways (`tests/torture/test_described.py`).
"""
