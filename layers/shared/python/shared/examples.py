"""What a schema looks like filled in: composed from the examples that its fields carry."""

from __future__ import annotations

from typing import Any

# Formats say all about a value, so that their fields need no example of their own.
_FORMATS = {"date-time": "2026-11-22T04:05:06Z", "date": "2026-11-22"}


def example(schema: dict[str, Any], components: dict[str, dict[str, Any]]) -> Any:
    """A value that fits the schema: its own example, or one composed of those of its parts.

    Parameters
    ----------
    schema
        JSON Schema (2020-12) as msgspec writes it.
    components
        The schemas that a `$ref` may name, by name.

    Raises
    ------
    LookupError
        Nothing says what a value looks like: the field's type needs `Meta(examples=[...])`.
    """
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        if "default" in schema:
            return schema["default"]
        return example(components[schema["$ref"].rpartition("/")[2]], components)
    if "enum" in schema:
        return schema.get("default", schema["enum"][0])
    if "anyOf" in schema:
        known = next(part for part in schema["anyOf"] if part.get("type") != "null")
        return example(known, components)
    if "properties" in schema:
        parts = schema["properties"].items()
        return {name: example(part, components) for name, part in parts}
    if schema.get("type") == "array":
        return [example(schema["items"], components)]
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if "default" in schema:
        return schema["default"]
    if schema.get("type") == "boolean":
        return False
    raise LookupError(f"no example for {schema}")
