"""No function weighs more than its budget, and what is cut out of a layer is not missed."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from local.package import Package
from tests.bench import budgets, deployment
from tests.harness.families import Tally

pytestmark = pytest.mark.family("M")

MILLION = 1_000_000
SLACK_MB = 2
"""How far a function may stay below its budget: other machines have other byte code."""


def over(weights: dict[str, int], budget: dict[str, budgets.Deployment]) -> list[str]:
    """The functions that weigh more than their budget, or so little that it says nothing."""
    return [
        f"{name}: {weight / MILLION:.1f} MB of {budget[name].mb}"
        for name, weight in weights.items()
        if not budget[name].mb - SLACK_MB <= weight / MILLION <= budget[name].mb
    ]


def test_no_function_weighs_more_than_its_budget(built: Package, tally: Tally) -> None:
    weights, budget = deployment.weights(built), budgets.deployments()
    assert weights.keys() == budget.keys()
    assert over(weights, budget) == []
    for name in weights:
        tally.count(1, name)


def test_a_budget_above_the_goal_says_why(packaged: dict[str, dict[str, object]]) -> None:
    for name, budget in budgets.deployments().items():
        capability, _, function = name.partition(".")
        layers = deployment.layers_of(packaged[capability])[function]
        crypto = deployment.CRYPTO in layers
        goal = deployment.GOAL_WITH_CRYPTO_MB if crypto else deployment.GOAL_MB
        assert (budget.mb > goal) == bool(budget.why), name


def test_a_function_that_grew_is_caught_and_a_budget_that_says_nothing_too() -> None:
    budget = {"repairs.app": budgets.Deployment(9)}
    assert over({"repairs.app": 9 * MILLION}, budget) == []
    assert over({"repairs.app": 9 * MILLION + 100_000}, budget) == ["repairs.app: 9.1 MB of 9"]
    assert over({"repairs.app": 6 * MILLION}, budget) == ["repairs.app: 6.0 MB of 9"]


def test_an_archive_weighs_what_it_unpacks_to(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "layer.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 5_000)
        archive.writestr("one", b"1")
    assert (tmp_path / "layer.zip").stat().st_size < 1_000
    assert deployment.unpacked_bytes(tmp_path / "layer.zip") == 5_001


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_media_layer_still_reads_what_photos_come_as(
    kind: str, built: Package, tmp_path: Path
) -> None:
    (layer,) = (one for one in built.artefacts if one.key.startswith("layers/media-"))
    with zipfile.ZipFile(layer.path) as packed:
        packed.extractall(tmp_path)
    picture = io.BytesIO()
    Image.new("RGB", (30, 20)).save(picture, kind)
    program = f"""
import io, sys
from PIL import Image
opened = Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=["{kind}"])
opened.load()
opened.resize((3, 2)).save(io.BytesIO(), "JPEG")
print(opened.size, Image.__file__)
"""
    done = subprocess.run(
        [sys.executable, "-S", "-s", "-c", program],
        input=picture.getvalue(),
        env={"PYTHONPATH": str(tmp_path / "python")},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().startswith(f"(30, 20) {tmp_path}")
