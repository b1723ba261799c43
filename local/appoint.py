"""The first grant of a stage, which nobody could give through the API: its platform admin.

Needs AWS credentials that may write the tables of grants and of `identity`, use the key of personal
data, and read the providers' document.  The phone gets an invitation by SMS; whoever accepts it
signs in as staff.  Every later grant is given by a person who may, through `community`.

    python -m local.appoint --stage prod --name 王芳 --phone 13812345678
"""

from __future__ import annotations

import argparse
import os
import sys

import boto3
from botocore.exceptions import ClientError

from local.apps import put_on_path
from local.deploy import stack_name
from local.sandboxes import secret_name
from shared import clock, grants
from shared.auth import PLATFORM, Grant, Role
from shared.errors import LinliError
from shared.table import Refused, Transaction

put_on_path()
_PARAMETERS = {"GRANTS_TABLE": "GrantsTable", "PERSONAL_DATA_KEY": "PersonalDataKey"}


def appoint(name: str, phone: str) -> tuple[str, bool]:
    """Make whoever has this phone a platform admin, and invite them; twice invites anew.

    Returns
    -------
    tuple
        Their id, and whether they have not been one before.

    Raises
    ------
    LinliError
        They were just being changed, or the provider of text messages does not answer.
    """
    from chalicelib.identity.credentials import actions as credentials
    from chalicelib.identity.persons import arrivals
    from chalicelib.identity.persons.rules import Details, Origin

    now = clock.now()
    person = arrivals.arrive("phone", phone, Details(name, phone), now, Origin.INVITATION)
    try:
        with Transaction() as transaction:
            grants.add_grant(transaction, person.id, Grant(Role.PLATFORM_ADMIN, PLATFORM))
        new = True
    except Refused:
        new = False
    credentials.invite_administrator(person.id, f"appointed {clock.to_text(now)}", now)
    return person.id, new


def settings(stage: str) -> dict[str, str]:
    """The environment that `identity` has in a stage.

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
    stack = cloudformation.describe_stacks(StackName=stack_name(stage, "identity"))["Stacks"][0]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    return {**found, "TABLE": outputs["Table"], "PROVIDERS": secret_name(stage)}


def main() -> None:
    """Appoint one person in one stage."""
    parser = argparse.ArgumentParser(prog="python -m local.appoint", description=__doc__)
    for name in ("stage", "name", "phone"):
        parser.add_argument(f"--{name}", required=True)
    wanted = parser.parse_args()
    try:
        os.environ |= settings(wanted.stage)
    except ClientError as error:
        sys.exit(f"stage {wanted.stage} is not deployed here: {error}")
    try:
        person_id, new = appoint(wanted.name, wanted.phone)
    except LinliError as error:
        sys.exit(f"{wanted.phone} could not be appointed: {error.code}")
    print(f"{person_id} {'is now' if new else 'was already'} a platform admin")


if __name__ == "__main__":
    main()
