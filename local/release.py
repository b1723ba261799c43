"""`make deploy`: the platform to the AWS account of your credentials, stage by stage.

    python -m local.release --stage prod --domain api.example.com --certificate arn:aws:acm:… \
        --issuer https://login.example.com --audience linli-app
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import Any

import boto3
import urllib3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local.deploy import DeploymentError, Target, deploy
from local.issuer import make_first_key
from local.layers import LAMBDA, PackagingError
from local.package import build
from local.platform import STAGE as EMULATED_STAGE

_STAGE = re.compile(r"[a-z][a-z0-9]{1,15}")
_POLL_SECONDS = 5.0
_SECURE = "https://"
console = Console(highlight=False)


class ReleaseError(Exception):
    """What was asked for cannot be deployed; the message says what to give instead."""


def parameters(stage: str, domain: str, certificate: str, issuer: str, audience: str) -> Any:
    """The stack parameters of a stage.

    Raises
    ------
    ReleaseError
        A value is missing or wrong.
    """
    if not _STAGE.fullmatch(stage) or stage == EMULATED_STAGE:
        raise ReleaseError(
            f"STAGE must be 2 to 16 lower-case letters and digits and not `{EMULATED_STAGE}`"
        )
    if not domain or not certificate:
        raise ReleaseError(
            "DOMAIN and CERTIFICATE are needed: the API's host name and its certificate's ARN "
            "in this region (AWS Certificate Manager)"
        )
    if bool(issuer) != bool(audience):
        raise ReleaseError(
            "ISSUER and AUDIENCE belong together: whose tokens, and made out to whom; "
            "without both, a Cognito user pool is made"
        )
    issuers = ""
    if issuer:
        described = discover(issuer)
        issuers = json.dumps(
            {"issuer": issuer, "jwks_uri": described["jwks_uri"], "audience": [audience]}
        )
    return {"DomainName": domain, "CertificateArn": certificate, "Issuers": issuers}


def discover(issuer: str) -> dict[str, str]:
    """What an OpenID issuer says of itself (OpenID Connect Discovery 1.0, section 4).

    Raises
    ------
    ReleaseError
        It does not answer as an issuer of this name.
    """
    if not issuer.startswith(_SECURE):
        raise ReleaseError(f"ISSUER must be an https address, not {issuer!r}")
    address = issuer.rstrip("/") + "/.well-known/openid-configuration"
    try:
        described = urllib3.request("GET", address, timeout=10, retries=False).json()
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise ReleaseError(f"{address} does not answer as an issuer: {error}") from error
    if described.get("issuer") != issuer or "jwks_uri" not in described:
        raise ReleaseError(f"{address} describes {described.get('issuer')!r}, not {issuer!r}")
    found: dict[str, str] = described
    return found


def say(words: str) -> None:
    """One line, as it is."""
    console.print(words, soft_wrap=True, markup=False)


def main() -> None:
    """Package for Lambda and deploy; every expected failure is one sentence."""
    parser = argparse.ArgumentParser(prog="python -m local.release", description=__doc__)
    for name in ("stage", "domain", "certificate", "issuer", "audience"):
        parser.add_argument(f"--{name}", default="")
    wanted = parser.parse_args()
    try:
        given = parameters(
            wanted.stage, wanted.domain, wanted.certificate, wanted.issuer, wanted.audience
        )
        session = boto3.Session()
        if session.region_name is None:
            raise ReleaseError("which region? set AWS_REGION or a profile that has one")
        account = session.client("sts").get_caller_identity()["Account"]
        say(f"stage {wanted.stage} → account {account}, {session.region_name}")
        package = build(LAMBDA)
        target = Target(session, wanted.stage, given, _POLL_SECONDS)
        outputs = deploy(package, target, say)
        make_first_key(session.client("lambda"), wanted.stage)
    except (ReleaseError, PackagingError, DeploymentError) as error:
        sys.exit(str(error))
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"AWS refuses: {error}")
    target_name = outputs["shared"]["FrontDoorTarget"]
    for line in (
        f"https://{wanted.domain}/ answers when its DNS record is an alias of {target_name}",
        f"The first platform admin: python -m local.appoint --stage {wanted.stage} per_…",
        "(GET /community/me shows a person's id)",
    ):
        say(line)


if __name__ == "__main__":
    main()
