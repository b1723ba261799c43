"""The first grant of a stage, which nobody could give through the API: its platform admin.

Needs AWS credentials that may write the tables of grants, of `identity` and of `community`, use the
key of personal data, and read the providers' document.  The phone gets an invitation by SMS;
whoever accepts it signs in as staff.  The grant is one like every other, listed and taken away
through `community`, where every later one is given by a person who may.

    python -m local.appoint --stage prod --name 王芳 --phone 13812345678
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping

import boto3
from botocore.exceptions import ClientError

from local.apps import put_on_path
from local.deploy import stack_name
from local.sandboxes import secret_name
from shared import clock
from shared.auth import PLATFORM, Role
from shared.errors import LinliError

put_on_path()
_PARAMETERS = {"GRANTS_TABLE": "GrantsTable", "PERSONAL_DATA_KEY": "PersonalDataKey"}


def appoint(name: str, phone: str, tables: Mapping[str, str]) -> tuple[str, bool]:
    """Make whoever has this phone a platform admin, and invite them; twice invites anew.

    Parameters
    ----------
    tables
        The tables of `identity` and of `community`.

    Returns
    -------
    tuple
        Their id, and whether they have not been one before.

    Raises
    ------
    LinliError
        They were just being changed, or the provider of text messages does not answer.
    """
    from chalicelib.community.holdings import changing
    from chalicelib.community.holdings import store as holdings
    from chalicelib.community.rules import Holding, Standing
    from chalicelib.identity.credentials import actions as credentials
    from chalicelib.identity.persons import arrivals
    from chalicelib.identity.persons.rules import Details, Origin

    now, role = clock.now(), Role.PLATFORM_ADMIN
    os.environ["TABLE"] = tables["identity"]
    person = arrivals.arrive("phone", phone, Details(name, phone), now, Origin.INVITATION)
    os.environ["TABLE"] = tables["community"]
    known = holdings.get_holding(person.id, role, PLATFORM)
    wanted = Holding(person.id, role, PLATFORM, name, Standing.ACTIVE, by=PLATFORM, at=now)
    changing.begin(wanted, ())
    os.environ["TABLE"] = tables["identity"]
    credentials.invite_administrator(person.id, f"appointed {clock.to_text(now)}", now)
    return person.id, known is None or known.standing is Standing.ENDED


def settings(stage: str) -> tuple[dict[str, str], dict[str, str]]:
    """What the functions of a stage have in their environment, and the tables of two of them.

    Raises
    ------
    ClientError
        The stage is not deployed here.
    """
    ssm, cloudformation = boto3.client("ssm"), boto3.client("cloudformation")
    found = {
        variable: ssm.get_parameter(Name=f"/linli/{stage}/{name}")["Parameter"]["Value"]
        for variable, name in _PARAMETERS.items()
    }
    tables = {}
    for capability in ("identity", "community"):
        name = stack_name(stage, capability)
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        tables[capability] = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}[
            "Table"
        ]
    return {**found, "PROVIDERS": secret_name(stage)}, tables


def main() -> None:
    """Appoint one person in one stage."""
    parser = argparse.ArgumentParser(prog="python -m local.appoint", description=__doc__)
    for name in ("stage", "name", "phone"):
        parser.add_argument(f"--{name}", required=True)
    wanted = parser.parse_args()
    try:
        environment, tables = settings(wanted.stage)
    except ClientError as error:
        sys.exit(f"stage {wanted.stage} is not deployed here: {error}")
    os.environ |= environment
    try:
        person_id, new = appoint(wanted.name, wanted.phone, tables)
    except LinliError as error:
        sys.exit(f"{wanted.phone} could not be appointed: {error.code}")
    print(f"{person_id} {'is now' if new else 'was already'} a platform admin")


if __name__ == "__main__":
    main()
