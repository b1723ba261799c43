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
from local.people import Accounts
from local.places import ROOT
from local.sandboxes import Sandboxes

STAGE = "local"
CLIENT_ID = "linli"
"""To whom our own issuer makes its tokens out (`aud`)."""
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Platform:
    """A deployed platform: where it answers, what its stacks say, and how people sign in."""

    emulator: Emulator
    base_url: str
    outputs: dict[str, Outputs]
    accounts: Accounts

    def settings(self) -> dict[str, str]:
        """The environment in which the shared layer's code works on this platform from outside."""
        return {
            "AWS_ENDPOINT_URL": self.emulator.url,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
            "AWS_DEFAULT_REGION": REGION,
            "GRANTS_TABLE": self.outputs["shared"]["GrantsTable"],
        }

    def appoint(self, name: str, phone: str) -> str:
        """Make somebody the first platform admin, as `make deploy` tells its user to; their id."""
        command = [sys.executable, "-m", "local.appoint", "--stage", STAGE]
        said = subprocess.run(
            [*command, "--name", name, "--phone", phone],
            cwd=ROOT,
            env=os.environ | self.settings(),
            check=True,
            capture_output=True,
            text=True,
        )
        return said.stdout.split()[0]

    def as_json(self) -> dict[str, Any]:
        """The platform as `build/local.json` describes it, without its people."""
        return {
            "base_url": self.base_url,
            "region": REGION,
            "emulator_url": self.emulator.url,
            "mqtt": {"host": HOST, "port": self.emulator.mqtt_port, "ca_file": ""},
            "people": [],
            "issuer": f"{self.base_url}/identity",
            "client_id": CLIENT_ID,
            "sandboxes": {
                "wechat": self.accounts.wechat,
                "messages": self.accounts.messages,
                "sessions": str(self.accounts.kept),
            },
        }


def bring_up(
    emulator: Emulator, package: Package, sandboxes: Sandboxes, report: Report, issuers: str = ""
) -> Platform:
    """Bring a running emulator to what `package` says; nothing is sent that it has already.

    Parameters
    ----------
    sandboxes
        The providers that its functions are to find; they run elsewhere at every start.
    issuers
        Outside issuers, as the stack `shared` takes them.

    Raises
    ------
    local.deploy.DeploymentError
        A stack failed.
    """
    session = emulator.session()
    sandboxes.configure(session.client("secretsmanager"), STAGE)
    wanted = f"{package.digest()} {emulator.port}"
    if emulator.notes.get("deployed") != wanted:
        parameters = {"DomainName": HOST, "BaseUrl": emulator.url, "Issuers": issuers}
        outputs = deploy(package, Target(session, STAGE, parameters, _POLL_SECONDS), report)
        mend_apis(session, package, outputs)
        mend_buckets(session, package, outputs)
        make_first_key(session.client("lambda"), STAGE)
        emulator.notes |= {"deployed": wanted, "outputs": outputs}
    at = (sandboxes.wechat.address, sandboxes.messages.address)
    accounts = Accounts(emulator.url, *at, emulator.home / "sessions")
    return Platform(emulator, emulator.url, emulator.notes["outputs"], accounts)
