"""People who can sign in: accounts in the stage's user pool, and tokens for them."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass

import urllib3

from local.deploy import Session


@dataclass(frozen=True)
class Person:
    """A sample person as `build/local.json` shows them."""

    name: str
    role: str
    scope: str
    username: str
    password: str

    def as_json(self) -> dict[str, str]:
        """The person for a JSON file."""
        return asdict(self)


class SignInError(Exception):
    """The user pool does not let this person in."""


@dataclass(frozen=True)
class UserPool:
    """The user pool of a stage without an outside issuer.

    Parameters
    ----------
    address
        Where the Cognito service answers.
    """

    session: Session
    address: str
    pool_id: str
    client_id: str
    issuer: str

    def add(self, username: str, password: str | None = None) -> tuple[str, str]:
        """Make an account that can sign in at once.

        Returns
        -------
        tuple
            The account's subject (`sub`) and its password.
        """
        cognito = self.session.client("cognito-idp")
        chosen = password or f"Ll1-{secrets.token_urlsafe(12)}"
        made = cognito.admin_create_user(
            UserPoolId=self.pool_id, Username=username, MessageAction="SUPPRESS"
        )
        cognito.admin_set_user_password(
            UserPoolId=self.pool_id, Username=username, Password=chosen, Permanent=True
        )
        attributes = {a["Name"]: a["Value"] for a in made["User"]["Attributes"]}
        return attributes["sub"], chosen

    def token(self, username: str, password: str) -> str:
        """An access token, as the sign-in page of a client would get it."""
        return sign_in(self.address, self.client_id, username, password)


def sign_in(address: str, client_id: str, username: str, password: str) -> str:
    """An access token of a user pool's client; needs no AWS credentials.

    Raises
    ------
    SignInError
        The user pool refused; the message says why.
    """
    asked = {
        "ClientId": client_id,
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": username, "PASSWORD": password},
    }
    try:
        answer = urllib3.request(
            "POST",
            address,
            body=json.dumps(asked).encode(),
            headers={
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
            },
            retries=False,
        )
    except urllib3.exceptions.HTTPError as error:
        raise SignInError(f"nothing answers at {address}: start it with `make run`") from error
    result = answer.json()
    if answer.status != 200:
        raise SignInError(f"the user pool does not let {username} in: {result.get('message')}")
    token: str = result["AuthenticationResult"]["AccessToken"]
    return token
