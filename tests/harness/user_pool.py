"""An outside issuer as a company may bring one: a Cognito user pool that the emulator serves."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

from local.emulator import REGION, Emulator
from shared import ids


@dataclass(frozen=True)
class UserPool:
    """A user pool, its one client, and accounts that can sign in at once."""

    cognito: Any
    url: str
    pool_id: str
    client_id: str

    @property
    def issuer(self) -> str:
        """What its tokens name as their issuer."""
        return f"https://cognito-idp.{REGION}.amazonaws.com/{self.pool_id}"

    @property
    def described(self) -> str:
        """The issuer as the stack `shared` takes it; its keys are served by the emulator."""
        described = {
            "issuer": self.issuer,
            "jwks_uri": f"{self.url}/{self.pool_id}/.well-known/jwks.json",
            "audience": [self.client_id],
            "token_use": "access",
        }
        return json.dumps(described)

    def add(self, username: str) -> tuple[str, str]:
        """Make an account; its person's id on the platform, and its password."""
        chosen = f"Ll1-{secrets.token_urlsafe(12)}"
        made = self.cognito.admin_create_user(
            UserPoolId=self.pool_id, Username=username, MessageAction="SUPPRESS"
        )
        self.cognito.admin_set_user_password(
            UserPoolId=self.pool_id, Username=username, Password=chosen, Permanent=True
        )
        attributes = {a["Name"]: a["Value"] for a in made["User"]["Attributes"]}
        return ids.person_id(self.issuer, attributes["sub"]), chosen

    def token(self, username: str, password: str) -> str:
        """An access token, as the sign-in page of a client would get it."""
        asked = {"USERNAME": username, "PASSWORD": password}
        answer = self.cognito.initiate_auth(
            ClientId=self.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=asked
        )
        return str(answer["AuthenticationResult"]["AccessToken"])


def found(emulator: Emulator) -> UserPool:
    """A new user pool on a running emulator."""
    cognito = emulator.session().client("cognito-idp")
    pool_id = cognito.create_user_pool(PoolName="a-company")["UserPool"]["Id"]
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="app", GenerateSecret=False, ExplicitAuthFlows=flows
    )
    return UserPool(cognito, emulator.url, pool_id, client["UserPoolClient"]["ClientId"])
