"""The whole platform on an emulator: what `make run` shows and the journeys drive."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from local.deploy import Outputs, Report, Target, deploy
from local.emulator import HOST, REGION, ROOT_KEY, ROOT_SECRET, Emulator
from local.issuer import make_first_key
from local.mend import mend_apis, mend_buckets
from local.package import Package
from local.people import UserPool
from local.places import ROOT
from shared import ids

STAGE = "local"
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Platform:
    """A deployed platform: where it answers, what its stacks say, and who can sign in."""

    emulator: Emulator
    base_url: str
    outputs: dict[str, Outputs]
    pool: UserPool

    def settings(self) -> dict[str, str]:
        """The environment in which the shared layer's code works on this platform from outside."""
        return {
            "AWS_ENDPOINT_URL": self.emulator.url,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
            "AWS_DEFAULT_REGION": REGION,
            "GRANTS_TABLE": self.outputs["shared"]["GrantsTable"],
        }

    def person_id(self, subject: str) -> str:
        """The id by which the platform knows an account of its user pool."""
        return ids.person_id(self.pool.issuer, subject)

    def appoint(self, subject: str) -> None:
        """Make an account the first platform admin, as `make deploy` tells its user to."""
        command = [sys.executable, "-m", "local.appoint", "--stage", STAGE]
        subprocess.run(
            [*command, self.person_id(subject)],
            cwd=ROOT,
            env=os.environ | self.settings(),
            check=True,
            capture_output=True,
        )

    def as_json(self) -> dict[str, Any]:
        """The platform as `build/local.json` describes it, without its people."""
        return {
            "base_url": self.base_url,
            "region": REGION,
            "emulator_url": self.emulator.url,
            "mqtt": {"host": HOST, "port": self.emulator.mqtt_port, "ca_file": ""},
            "people": [],
            "issuer": self.pool.issuer,
            "client_id": self.pool.client_id,
        }


def bring_up(emulator: Emulator, package: Package, report: Report) -> Platform:
    """Bring a running emulator to what `package` says; nothing is sent that it has already.

    Raises
    ------
    local.deploy.DeploymentError
        A stack failed.
    """
    wanted = f"{package.digest()} {emulator.port}"
    if emulator.notes.get("deployed") != wanted:
        session = emulator.session()
        parameters = {"DomainName": HOST, "BaseUrl": emulator.url, "JwksBase": emulator.url}
        outputs = deploy(package, Target(session, STAGE, parameters, _POLL_SECONDS), report)
        mend_apis(session, package, outputs)
        mend_buckets(session, package, outputs)
        make_first_key(session.client("lambda"), STAGE)
        emulator.notes |= {"deployed": wanted, "outputs": outputs}
    outputs = emulator.notes["outputs"]
    shared = outputs["shared"]
    pool = UserPool(
        emulator.session(),
        emulator.url,
        shared["UserPoolId"],
        shared["ClientId"],
        shared["Issuer"],
    )
    return Platform(emulator, emulator.url, outputs, pool)
