"""MQTT: what a device's certificate and policy let it do, and which connection it keeps."""

from __future__ import annotations

import json
import ssl
import tempfile
import threading
from pathlib import Path
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from local.emulator import HOST, REGION
from tests.honesty.case import MINISTACK, StandIn, case, new_name, policy

_POLICIES = "IoT Core Developer Guide: Thing policy variables"
_LIFECYCLE = "IoT Core Developer Guide: MQTT (client IDs must be unique)"
# moto has no broker.
_MQTT = (MINISTACK,)
_PATIENCE_SECONDS = 5.0


class _Device:
    """A thing with a certificate, and a policy that names its own topics by a variable."""

    def __init__(self, on: StandIn) -> None:
        self._on, self.name = on, new_name()
        iot = on.client("iot")
        iot.create_thing(thingName=self.name)
        made = iot.create_keys_and_certificate(setAsActive=True)
        iot.create_policy(policyName=self.name, policyDocument=_own_topics())
        iot.attach_policy(policyName=self.name, target=made["certificateArn"])
        iot.attach_thing_principal(thingName=self.name, principal=made["certificateArn"])
        self._certificate = made["certificatePem"] + made["keyPair"]["PrivateKey"]

    def connect(self, client_id: str | None = None) -> _Connection:
        """Connect under the thing's name, or under another client id."""
        return _Connection(self._on, client_id or self.name, self._certificate)


def _own_topics() -> str:
    topics = f"arn:aws:iot:{REGION}:*"
    thing = "${iot:Connection.Thing.ThingName}"
    return policy(
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": f"{topics}:client/{thing}"},
        {"Effect": "Allow", "Action": "iot:Publish", "Resource": f"{topics}:topic/{thing}/told"},
    )


class _Connection:
    """A connection over TLS, and what became of it."""

    def __init__(self, on: StandIn, client_id: str, certificate: str) -> None:
        self.answered, self.ended, self.acknowledged = (threading.Event() for _ in range(3))
        self.refused = True
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False
        )
        self._client.tls_set_context(_with(certificate))
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = lambda *_: self.acknowledged.set()
        self._client.connect(HOST, on.mqtt_port)
        self._client.loop_start()
        self.answered.wait(_PATIENCE_SECONDS)

    def _on_connect(self, *told: Any) -> None:
        self.refused = told[3].is_failure
        self.answered.set()

    def _on_disconnect(self, *_: Any) -> None:
        self.ended.set()
        self.answered.set()

    def publish(self, topic: str) -> str:
        """What comes of a message: `acknowledged`, `disconnected`, or nothing."""
        self.acknowledged.clear()
        self._client.publish(topic, json.dumps({}), qos=1)
        for _ in range(100):
            if self.acknowledged.wait(_PATIENCE_SECONDS / 100):
                return "acknowledged"
            if self.ended.is_set():
                return "disconnected"
        return "nothing"

    def close(self) -> None:
        """End it."""
        self._client.disconnect()
        self._client.loop_stop()


def _with(certificate: str) -> ssl.SSLContext:
    """A context that shows the certificate; whose server it meets is not the question here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "certificate.pem"
        file.write_text(certificate)
        context.load_cert_chain(file)
    return context


@case(["acknowledged", "disconnected"], _POLICIES, asked_of=_MQTT)
def a_device_speaks_in_its_own_name_only(on: StandIn) -> Any:
    """A policy that names topics by the thing's name lets it publish there and nowhere else."""
    device = _Device(on)
    connection = device.connect()
    told = [connection.publish(f"{name}/told") for name in (device.name, new_name())]
    connection.close()
    return told


@case(["connected", "refused"], _POLICIES, asked_of=_MQTT)
def a_device_connects_as_itself_only(on: StandIn) -> Any:
    """A policy that names the client by the thing's name refuses any other client id."""
    device, told = _Device(on), []
    for client_id in (None, new_name()):
        connection = device.connect(client_id)
        told.append("refused" if connection.refused else "connected")
        connection.close()
    return told


@case(["first ended", "second stays"], _LIFECYCLE, asked_of=_MQTT)
def a_client_id_is_connected_once(on: StandIn) -> Any:
    """A second connection under one client id ends the first."""
    device = _Device(on)
    first, second = device.connect(), device.connect()
    ended = first.ended.wait(_PATIENCE_SECONDS)
    stays = second.publish(f"{device.name}/told") == "acknowledged"
    first.close()
    second.close()
    return ["first ended" if ended else "first stays", "second stays" if stays else "second ended"]
