"""Packages are named by content, hold what functions need, and nothing that changes by itself."""

from __future__ import annotations

import json
import marshal
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local import archive, package
from local.layers import LAMBDA, PackagingError, build_layer
from local.places import capabilities, layers


def test_packaging_twice_gives_the_same_package(built: package.Package) -> None:
    assert package.build().digest() == built.digest()


def test_a_zip_is_the_same_bytes_whenever_it_holds_the_same(tmp_path: Path) -> None:
    archive.write_zip(tmp_path / "one.zip", {"b": b"2", "a": b"1"})
    archive.write_zip(tmp_path / "two.zip", {"a": b"1", "b": b"2"})
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_every_capability_and_layer_is_in_the_package(built: package.Package) -> None:
    keys = " ".join(artefact.key for artefact in built.artefacts)
    for name in capabilities():
        assert f"apps/{name}-" in keys
        assert name in built.templates
    for name in layers():
        assert f"layers/{name}-" in keys


def test_shared_is_deployed_first_and_the_authorizers_owner_second(built: package.Package) -> None:
    assert list(built.templates)[:2] == ["shared", "community"]


def test_an_app_leaves_chalice_to_the_layer_and_brings_its_byte_code(
    built: package.Package,
) -> None:
    for artefact in built.artefacts:
        if not artefact.key.startswith("apps/"):
            continue
        names = zipfile.ZipFile(artefact.path).namelist()
        assert not [name for name in names if name.startswith("chalice/")]
        assert archive.cache_name("app.py") in names


def test_the_layer_holds_our_code_its_libraries_and_no_service_we_do_not_call() -> None:
    names = zipfile.ZipFile(build_layer("shared", ()).path).namelist()
    for wanted in ("shared/app.py", "chalice/app.py", "pynamodb/models.py", "msgspec/__init__.py"):
        assert f"python/{wanted}" in names
    assert not [name for name in names if "botocore/data/ec2/" in name]
    assert not [name for name in names if name.startswith("python/chalice/cli")]


def test_what_checkers_leave_beside_the_sources_is_not_packed(tmp_path: Path) -> None:
    for name in ("a.py", ".chalice/config.json", "__pycache__/a.pyc", "b/.mypy_cache/3.11/c.db"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = [path.relative_to(tmp_path).as_posix() for path in archive.sources(tmp_path)]
    assert found == [".chalice/config.json", "a.py"]


def test_byte_code_is_trusted_without_looking_at_the_source(tmp_path: Path) -> None:
    source = tmp_path / "answer.py"
    source.write_text("answer = 42\n")
    code = archive.compiled(source, "/opt/python/answer.py")
    assert int.from_bytes(code[4:8], "little") == 0b01  # PEP 552: by hash, unchecked
    assert marshal.loads(code[16:]).co_filename == "/opt/python/answer.py"
    assert list(tmp_path.iterdir()) == [source]


def test_templates_name_artefacts_that_exist(built: package.Package) -> None:
    keys = {artefact.key for artefact in built.artefacts}
    for artefact in built.templates.values():
        for key in _keys_in(json.loads(artefact.path.read_text())):
            assert key in keys


def test_an_intrinsic_function_replaces_what_stood_there() -> None:
    made = {"Queue": {"Fn::Sub": "arn:…:placeholder"}, "BatchSize": 10}
    laid_over = {"Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}
    assert package.merge(made, laid_over) == {
        "Queue": {"Fn::GetAtt": ["Queue", "Arn"]},
        "BatchSize": 10,
    }


def test_a_layer_whose_libraries_cannot_be_had_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.layers._OLDEST_FOR_LAMBDA", (3, 99))
    with pytest.raises(PackagingError, match=r"need Python 3\.12 or newer"):
        build_layer("shared", LAMBDA)


def _keys_in(part: Any) -> list[str]:
    if isinstance(part, list):
        return [key for item in part for key in _keys_in(item)]
    if not isinstance(part, dict):
        return []
    if part.get("Bucket", part.get("S3Bucket")) == {"Ref": "ArtefactBucket"}:
        return [str(part.get("Key", part.get("S3Key")))]
    return [key for item in part.values() for key in _keys_in(item)]
