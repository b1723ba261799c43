"""Who may do what: IAM, sessions of roles, keys of KMS, tokens of Cognito."""

from __future__ import annotations

import base64
import json
from typing import Any

from local.emulator import REGION
from tests.honesty.case import StandIn, case, new_name, policy, refusal

_EVALUATION = "IAM User Guide: Policy evaluation logic"
_COGNITO = "Cognito Developer Guide: Understanding the access token"
_ENCRYPT = "KMS API Reference: Decrypt"
_PASSWORD = "Long-enough-1!"


def _allow(on: StandIn, *actions: str, **more: Any) -> dict[str, Any]:
    table = f"arn:aws:dynamodb:{REGION}:*:table/{on.table}"
    named = [f"dynamodb:{action}" for action in actions]
    return {"Effect": "Allow", "Action": named, "Resource": table, **more}


def _put(on: StandIn, credentials: dict[str, str], pk: str = "one") -> str:
    client = on.client("dynamodb", credentials)
    return refusal(client.put_item, TableName=on.table, Item={"pk": {"S": pk}, "sk": {"S": "a"}})


def _get(on: StandIn, credentials: dict[str, str], pk: str = "one") -> str:
    client = on.client("dynamodb", credentials)
    return refusal(client.get_item, TableName=on.table, Key={"pk": {"S": pk}, "sk": {"S": "a"}})


@case(["accepted", "AccessDeniedException"], _EVALUATION)
def who_may_put_may_not_get(on: StandIn) -> Any:
    """What no policy allows is denied."""
    user = on.user(_allow(on, "PutItem"))
    return [_put(on, user), _get(on, user)]


@case(["accepted", "AccessDeniedException"], _EVALUATION)
def an_explicit_deny_wins(on: StandIn) -> Any:
    """What one statement denies no other allows."""
    user = on.user(_allow(on, "*"), _allow(on, "GetItem") | {"Effect": "Deny"})
    return [_put(on, user), _get(on, user)]


@case(
    ["accepted", "AccessDeniedException"], "DynamoDB Developer Guide: Fine-grained access control"
)
def a_policy_can_name_partitions(on: StandIn) -> Any:
    """With dynamodb:LeadingKeys a user reaches the partitions named and no others."""
    keys = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["mine"]}}
    user = on.user(_allow(on, "GetItem", Condition=keys))
    return [_get(on, user, "mine"), _get(on, user, "yours")]


@case(
    ["accepted", "AccessDeniedException"],
    "DynamoDB Developer Guide: Using IAM with DynamoDB transactions",
)
def a_transaction_needs_the_right_of_each_action(on: StandIn) -> Any:
    """Who may only put is refused a transaction with a condition check."""
    client = on.client("dynamodb", on.user(_allow(on, "PutItem")))
    item = {"pk": {"S": new_name()}, "sk": {"S": "a"}}
    put = {"Put": {"TableName": on.table, "Item": item}}
    check = {
        "ConditionCheck": {
            "TableName": on.table,
            "Key": {"pk": {"S": new_name()}, "sk": {"S": "a"}},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }
    transact = client.transact_write_items
    return [refusal(transact, TransactItems=items) for items in ([put], [put, check])]


@case(["accepted", "AccessDeniedException"], "IAM User Guide: Policies and permissions, session")
def a_session_policy_narrows_a_role(on: StandIn) -> Any:
    """A session of a role may do what the role and the session's policy both allow."""
    iam, name = on.client("iam"), new_name()
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    both = _allow(on, "PutItem", "GetItem")
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(both))
    # AWS lets no root take a role.
    taker = on.user({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role})
    session = on.client("sts", taker).assume_role(
        RoleArn=role, RoleSessionName="narrow", Policy=policy(_allow(on, "PutItem"))
    )["Credentials"]
    return [_put(on, session), _get(on, session)]


def _encrypted(on: StandIn) -> tuple[str, bytes]:
    kms = on.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blob: bytes = kms.encrypt(KeyId=key, Plaintext=b"name", EncryptionContext={"of": "one"})[
        "CiphertextBlob"
    ]
    return key, blob


@case(["name", "InvalidCiphertextException"], _ENCRYPT)
def a_ciphertext_opens_only_in_its_context(on: StandIn) -> Any:
    """Decrypting in another encryption context is refused."""
    kms, (_, blob) = on.client("kms"), _encrypted(on)
    opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext={"of": "one"})["Plaintext"]
    other = {"CiphertextBlob": blob, "EncryptionContext": {"of": "two"}}
    return [opened.decode(), refusal(kms.decrypt, **other)]


@case("DisabledException", _ENCRYPT)
def a_disabled_key_opens_nothing(on: StandIn) -> Any:
    """Decrypting with a key that was disabled is refused."""
    kms, (key, blob) = on.client("kms"), _encrypted(on)
    kms.disable_key(KeyId=key)
    return refusal(kms.decrypt, CiphertextBlob=blob, EncryptionContext={"of": "one"})


class _Pool:
    """A user pool with one user."""

    def __init__(self, on: StandIn) -> None:
        self.cognito = on.client("cognito-idp")
        self.pool = self.cognito.create_user_pool(PoolName=new_name())["UserPool"]["Id"]
        self.client = self.cognito.create_user_pool_client(
            UserPoolId=self.pool,
            ClientName="app",
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]
        self.cognito.admin_create_user(UserPoolId=self.pool, Username="one")
        self.cognito.admin_set_user_password(
            UserPoolId=self.pool, Username="one", Password=_PASSWORD, Permanent=True
        )

    def sign_in(self, password: str = _PASSWORD) -> Any:
        """What signing in with a password answers."""
        return self.cognito.initiate_auth(
            ClientId=self.client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "one", "PASSWORD": password},
        )

    def claims(self, kind: str) -> dict[str, Any]:
        """The claims of a token of this kind."""
        token = self.sign_in()["AuthenticationResult"][kind].split(".")
        head = json.loads(base64.urlsafe_b64decode(token[0] + "=="))
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token[1] + "=="))
        return claims | {"alg": head["alg"]}


@case(["RS256", "access", "own pool", "own client", "no aud", "one", "expires"], _COGNITO)
def an_access_token_says_whose_it_is_and_for_whom(on: StandIn) -> Any:
    """An access token has the pool as issuer, the client's id, its use, and no audience."""
    pool = _Pool(on)
    claims = pool.claims("AccessToken")
    issuer = f"https://cognito-idp.{REGION}.amazonaws.com/{pool.pool}"
    return [
        claims["alg"],
        claims["token_use"],
        "own pool" if claims["iss"] == issuer else claims["iss"],
        "own client" if claims.get("client_id") == pool.client else "other client",
        "aud" if "aud" in claims else "no aud",
        claims.get("username", "nobody"),
        "expires" if claims["exp"] > claims["iat"] else "never expires",
    ]


@case(["id", "own client"], "Cognito Developer Guide: Understanding the identity (ID) token")
def an_id_token_names_the_client_as_its_audience(on: StandIn) -> Any:
    """An ID token has `token_use` id and the client as audience, so it passes for no access."""
    pool = _Pool(on)
    claims = pool.claims("IdToken")
    mine = claims.get("aud") == pool.client
    return [claims["token_use"], "own client" if mine else "other client"]


@case("NotAuthorizedException", "Cognito API Reference: InitiateAuth")
def a_wrong_password_signs_nobody_in(on: StandIn) -> Any:
    """A wrong password is refused."""
    return refusal(_Pool(on).sign_in, password="Wrong-enough-1!")


@case("NotAuthorizedException", "Cognito API Reference: AdminDisableUser")
def a_disabled_user_does_not_sign_in(on: StandIn) -> Any:
    """A user who was disabled cannot sign in."""
    pool = _Pool(on)
    pool.cognito.admin_disable_user(UserPoolId=pool.pool, Username="one")
    return refusal(pool.sign_in)
