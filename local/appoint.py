"""The first grant of a stage, which nobody could give through the API: its platform admin.

Needs AWS credentials that may write the grants table; every later grant is given by a person who
may, through `community`.

    python -m local.appoint --stage prod PERSON_ID
"""

from __future__ import annotations

import argparse
import os
import sys

import boto3
from botocore.exceptions import ClientError

from shared import grants, ids
from shared.auth import PLATFORM, Grant, Role
from shared.table import Refused, Transaction


def appoint(person_id: str) -> bool:
    """Make `person_id` a platform admin in the GRANTS_TABLE; False if they are one already."""
    try:
        with Transaction() as transaction:
            grants.add_grant(transaction, person_id, Grant(Role.PLATFORM_ADMIN, PLATFORM))
    except Refused:
        return False
    return True


def main() -> None:
    """Appoint one person in one stage."""
    parser = argparse.ArgumentParser(prog="python -m local.appoint", description=__doc__)
    parser.add_argument("--stage", required=True)
    parser.add_argument("person_id", help="per_…, as GET /community/me shows it to the person")
    wanted = parser.parse_args()
    if not ids.is_person_id(wanted.person_id):
        sys.exit(f"{wanted.person_id} is not the id of a person (per_…)")
    try:
        parameter = boto3.client("ssm").get_parameter(Name=f"/linli/{wanted.stage}/GrantsTable")
    except ClientError as error:
        sys.exit(f"stage {wanted.stage} is not deployed here: {error}")
    os.environ["GRANTS_TABLE"] = parameter["Parameter"]["Value"]
    new = appoint(wanted.person_id)
    print(f"{wanted.person_id} {'is now' if new else 'was already'} a platform admin")


if __name__ == "__main__":
    main()
