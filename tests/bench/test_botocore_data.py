"""The layer's cut-down botocore sends, reads and finds exactly what the whole one does."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointVariantError, UnknownServiceError
from botocore.handlers import BUILTIN_HANDLERS
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import create_parser
from botocore.regions import EndpointResolver
from botocore.serialize import create_serializer
from botocore.session import Session

from local import botocore_data
from shared import aws

WHOLE = Path(botocore.__file__).parent / "data"
_SCALARS = {
    "blob": b"a",
    "boolean": True,
    "double": 1.5,
    "float": 1.5,
    "integer": 7,
    "long": 7,
    "string": "name",
    "timestamp": datetime(2026, 11, 22, 4, tzinfo=UTC),
}
LISTING = b"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>linli</Name>
<KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>
<Contents><Key>quarantine/a b.jpg</Key><Size>345678</Size><ETag>&quot;9b2c&quot;</ETag>
<LastModified>2026-11-22T04:00:00.000Z</LastModified><StorageClass>STANDARD</StorageClass>
</Contents></ListBucketResult>"""


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("botocore") / "data"
    shutil.copytree(WHOLE, data, ignore=_all_but_services)
    botocore_data.prune(data)
    return data


def _all_but_services(folder: str, names: list[str]) -> list[str]:
    """Copy the services, one that must go, and the tables: 440 services take a minute."""
    if Path(folder) != WHOLE:
        return []
    kept = {*botocore_data.SERVICES, "ec2"}
    return [name for name in names if name not in kept and not name.endswith(".json")]


def _loader(data: Path) -> Loader:
    return Loader([str(data)], include_default_search_paths=False)


def _model(data: Path, service: str) -> ServiceModel:
    return ServiceModel(_loader(data).load_service_model(service, "service-2"), service)


def _operations(data: Path, service: str) -> Iterator[OperationModel]:
    model = _model(data, service)
    return (model.operation_model(name) for name in model.operation_names)


def _example(shape: Any, above: tuple[str, ...] = ()) -> Any:
    """A value that fills every member of `shape`; a shape within itself is left out."""
    inside = (*above, shape.name)
    match shape.type_name:
        case "structure":
            members = shape.members.items()
            return {name: _example(of, inside) for name, of in members if of.name not in inside}
        case "list":
            return [] if shape.member.name in inside else [_example(shape.member, inside)]
        case "map":
            return {} if shape.value.name in inside else {"key": _example(shape.value, inside)}
    return shape.enum[0] if getattr(shape, "enum", ()) else _SCALARS[shape.type_name]


@pytest.mark.parametrize("service", botocore_data.SERVICES)
def test_every_operation_is_sent_in_the_same_bytes(cut: Path, service: str) -> None:
    for whole, ours in zip(_operations(WHOLE, service), _operations(cut, service), strict=True):
        arguments = _example(whole.input_shape) if whole.input_shape else {}
        sent = [
            create_serializer(
                operation.service_model.resolved_protocol, include_validation=False
            ).serialize_to_request(arguments, operation)
            for operation in (whole, ours)
        ]
        assert sent[0] == sent[1], whole.name


@pytest.mark.parametrize("service", [name for name in botocore_data.SERVICES if name != "s3"])
def test_every_json_answer_is_read_alike(cut: Path, service: str) -> None:
    for whole, ours in zip(_operations(WHOLE, service), _operations(cut, service), strict=True):
        answer = {
            "status_code": 200,
            "headers": {},
            "body": _in_json(_example(whole.output_shape) if whole.output_shape else {}),
        }
        read = _read(ours, answer)
        assert read == _read(whole, answer), whole.name
        assert whole.output_shape is None or set(whole.output_shape.members) <= set(read)


def _read(operation: OperationModel, answer: dict[str, Any]) -> Any:
    parser: Any = create_parser(operation.service_model.resolved_protocol)
    return parser.parse(dict(answer), operation.output_shape)


def _in_json(example: Any) -> bytes:
    return json.dumps(example, default=_leaf_in_json).encode()


def _leaf_in_json(value: bytes | datetime) -> str | float:
    return value.timestamp() if isinstance(value, datetime) else base64.b64encode(value).decode()


def test_a_listing_and_a_head_of_s3_are_read_alike(cut: Path) -> None:
    answers = {
        "ListObjectsV2": {"status_code": 200, "headers": {}, "body": LISTING},
        "HeadObject": {
            "status_code": 200,
            "headers": {"content-length": "345678", "x-amz-meta-person": "per_7k2m"},
            "body": b"",
        },
    }
    models = [_model(data, "s3") for data in (WHOLE, cut)]
    for name, answer in answers.items():
        whole, ours = (_read(model.operation_model(name), answer) for model in models)
        assert whole == ours
    assert ours["Metadata"] == {"person": "per_7k2m"}


def test_an_error_keeps_the_item_that_stood_in_the_way(cut: Path) -> None:
    answer = {
        "status_code": 400,
        "headers": {"x-amzn-requestid": "r1"},
        "body": json.dumps(
            {
                "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                "message": "The conditional request failed",
                "Item": {"pk": {"S": "com_7k2m9x4a#ticket#1"}},
            }
        ).encode(),
    }
    model: Any = _model(cut, "dynamodb")
    shape = model.shape_for_error_code("ConditionalCheckFailedException")
    parser: Any = create_parser("json")
    assert parser.parse(answer, shape)["Item"] == {"pk": {"S": "com_7k2m9x4a#ticket#1"}}


@pytest.mark.parametrize("service", botocore_data.SERVICES)
def test_every_region_of_every_partition_has_the_same_endpoint(cut: Path, service: str) -> None:
    tables = [_loader(data).load_data("endpoints") for data in (WHOLE, cut)]
    prefix = _model(WHOLE, service).endpoint_prefix
    whole, ours = (EndpointResolver(table) for table in tables)
    regions = [region for part in tables[0]["partitions"] for region in part["regions"]]
    assert {"cn-north-1", "cn-northwest-1", "us-east-1"} <= set(regions)
    for region in [*regions, "cn-south-9"]:
        for dualstack, fips in product((False, True), repeat=2):
            assert _endpoint(whole, prefix, region, dualstack, fips) == _endpoint(
                ours, prefix, region, dualstack, fips
            )


def _endpoint(
    resolver: EndpointResolver, prefix: str, region: str, dualstack: bool, fips: bool
) -> Any:
    """Where the resolver sends a service, or why it cannot: both must be alike."""
    try:
        return resolver.construct_endpoint(
            prefix, region, use_dualstack_endpoint=dualstack, use_fips_endpoint=fips
        )
    except EndpointVariantError as error:
        return str(error)


@pytest.mark.parametrize("service", botocore_data.SERVICES)
def test_the_endpoint_rules_are_untouched(cut: Path, service: str) -> None:
    rules = [
        _loader(data).load_service_model(service, "endpoint-rule-set-1") for data in (WHOLE, cut)
    ]
    assert rules[0] == rules[1]
    partitions = _loader(cut).load_data("partitions")
    assert partitions == _loader(WHOLE).load_data("partitions")
    found = EndpointProvider(rules[1], partitions).resolve_endpoint(
        Region="cn-north-1", UseFIPS=False, UseDualStack=False
    )
    assert found.url.endswith("cn-north-1.amazonaws.com.cn")


@pytest.mark.parametrize("service", botocore_data.SERVICES)
@pytest.mark.parametrize("region", ["cn-north-1", "us-east-1"])
def test_a_client_is_made_alike(cut: Path, service: str, region: str) -> None:
    whole, ours = (_client(data, service, region) for data in (WHOLE, cut))
    assert ours.meta.endpoint_url == whole.meta.endpoint_url
    assert ours.meta.method_to_api_mapping == whole.meta.method_to_api_mapping
    for method in whole.meta.method_to_api_mapping:
        assert ours.can_paginate(method) == whole.can_paginate(method)


def test_an_endpoint_of_the_environment_is_honoured(
    cut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert _client(cut, "dynamodb", "cn-north-1").meta.endpoint_url == "http://127.0.0.1:4566"


def _client(data: Path, service: str, region: str) -> Any:
    session = Session()
    session.register_component("data_loader", _loader(data))
    session.set_credentials("AKIATEST", "secret")
    return session.create_client(service, region_name=region)


@pytest.mark.parametrize("service", botocore_data.SERVICES)
def test_no_handler_of_botocore_is_missed(service: str) -> None:
    model = _model(WHOLE, service)
    stages = {event.partition(".")[0] for event, *_ in BUILTIN_HANDLERS} - {"docs"}
    sessions: list[Any] = [Session(), aws.session()]
    whole, ours = (session.get_component("event_emitter") for session in sessions)
    for stage, operation in product(stages, ["", *model.operation_names]):
        event = f"{stage}.{model.service_id.hyphenize()}.{operation}".rstrip(".")
        assert _called(ours, event) == _called(whole, event), event


def _called(emitter: Any, event: str) -> list[Any]:
    """The handlers that an event reaches, in their order."""
    found = emitter._emitter._handlers.prefix_search(emitter._alias_event_name(event))
    # Powertools hangs its name onto every session made after its import, whole or ours.
    return [h for h in found if "powertools" not in getattr(h, "__module__", "")]


def test_a_service_that_no_function_calls_is_refused_by_name(cut: Path) -> None:
    assert not (cut / "ec2").exists()
    with pytest.raises(UnknownServiceError, match="ec2"):
        _client(cut, "ec2", "cn-north-1")


def test_cutting_twice_changes_nothing(cut: Path) -> None:
    before = {path: path.read_bytes() for path in cut.rglob("*.json")}
    botocore_data.prune(cut)
    assert {path: path.read_bytes() for path in cut.rglob("*.json")} == before


def test_an_unknown_service_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="parcels"):
        botocore_data.prune(tmp_path, ["parcels"])


def test_nine_tenths_of_the_bytes_are_gone(cut: Path) -> None:
    assert sum(path.stat().st_size for path in cut.rglob("*.json")) < 1_000_000
