"""Plays the traces of the protocol document against a node, and compares what comes back with what is written there."""

import json
import re
import time
import uuid

import websockets
from websockets.sync.client import connect

from .session import demo_token

USERS = {"a": "alice", "b": "bob", "c": "carol"}
# What in a frame names a user.
OF_USERS = {"user", "caller", "callee"}
# Differ from one play to the next, or are left out of a trace.
LOOSE = {"timeMs", "epoch", "node", "connectionId"}
# Frames that a trace may leave out; all others must be written down.
MAY_BE_LEFT_OUT = {"accepted", "pong"}


class Device:
    def __init__(self, url, name, user):
        self.name = name
        self.user = user
        self._url = url
        self._socket = None
        self._connection = 0
        self._received = []

    def open(self):
        self.close()
        self._socket = connect(
            self._url.replace("http", "ws", 1) + "/v1/connect", subprotocols=["switchboard.v1.json"], compression=None
        )
        self._received = []

    def close(self):
        if self._socket:
            self._socket.close()
            self._socket = None

    @property
    def is_open(self):
        return self._socket is not None

    def hello(self, frame):
        self.open()
        self._connection = frame["hello"]["connection"]
        self.send({"hello": {**frame["hello"], "token": demo_token(self._url, self.user)}})

    def say_hello(self):
        self.hello({"hello": {"device": self.name, "connection": self._connection + 1, "outbox": f"o{self.name}"}})
        self.expect({"syncComplete": {}})
        self._received = []

    def send(self, frame):
        self._socket.send(json.dumps(frame))

    def expect(self, frame, seconds=5.0):
        """Waits for a frame like this one, and takes it off what has come; returns whether it came."""
        deadline = time.monotonic() + seconds
        while True:
            for received in self._received:
                if is_like(frame, received):
                    self._received.remove(received)
                    return True
            try:
                self._received.append(json.loads(self._socket.recv(timeout=max(deadline - time.monotonic(), 0))))
            except (TimeoutError, websockets.ConnectionClosed):
                return False

    def left(self):
        """What has come by now and was not expected."""
        self.send({"ping": {}})
        self.expect({"pong": {}})
        return [frame for frame in self._received if not MAY_BE_LEFT_OUT & frame.keys()]

    @property
    def received(self):
        return self._received


def is_like(expected, received, key=None):
    """`…` in a text stands for anything; what is `LOOSE` counts not."""
    if key in LOOSE:
        return True
    if isinstance(expected, dict):
        if not isinstance(received, dict):
            return False
        keys = (expected.keys() | received.keys()) - LOOSE
        return all(
            name in expected and name in received and is_like(expected[name], received[name], name) for name in keys
        )
    if isinstance(expected, list):
        return (
            isinstance(received, list)
            and len(expected) == len(received)
            and all(is_like(*pair) for pair in zip(expected, received))
        )
    if isinstance(expected, str) and "…" in expected:
        pattern = ".*".join(re.escape(part) for part in expected.split("…"))
        return isinstance(received, str) and re.fullmatch(pattern, received, re.S) is not None
    return expected == received


class Player:
    """One trace on one node. Ids of conversations and names of users are made anew, so that a node can play many."""

    def __init__(self, url, trace):
        self._url = url
        self._trace = trace
        self._ids = {}
        self._devices = {}
        self._of_this_play = uuid.uuid4().hex[:8]

    def play(self):
        """What is not as written: empty if all is well."""
        try:
            # Who says hello in the trace comes when it says so; all others are there from the beginning.
            late = {step.device for step in self._trace.steps if step.sends and step.frame and "hello" in step.frame}
            for step in self._trace.steps:
                device = self._device(step.device)
                if step.device not in late and not device.is_open:
                    device.say_hello()
            for step in self._trace.steps:
                if problem := self._take(step):
                    return [problem]
            return [
                f"{name} got, and it is not written: {json.dumps(frame)}"
                for name, device in self._devices.items()
                for frame in device.left()
            ]
        finally:
            for device in self._devices.values():
                device.close()

    def _take(self, step):
        device = self._device(step.device)
        if step.frame is None:
            device.close()
            return None
        frame = self._of_play(step.frame)
        if not step.sends:
            if device.expect(frame):
                return None
            seen = "\n".join(json.dumps(each) for each in device.received)
            return f"this did not come:\n{step.text}\nbut this did:\n{seen}"
        if "hello" in frame:
            device.hello(frame)
        else:
            device.send(frame)
        return None

    def _device(self, name):
        if name not in self._devices:
            self._devices[name] = Device(self._url, name, self._user(USERS[name[0]]))
        return self._devices[name]

    def _user(self, name):
        return f"{name}-{self._of_this_play}"

    def _of_play(self, value, key=None):
        if isinstance(value, dict):
            return {name: self._of_play(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [self._of_play(each) for each in value]
        if key in ("conversation", "winner"):
            return self._ids.setdefault(value, str(uuid.uuid4()))
        if key in OF_USERS and value in USERS.values():
            return self._user(value)
        return value
