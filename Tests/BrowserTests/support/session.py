"""One device of a user, over all its connections: sections 2 to 7 of docs/PROTOCOL.md, written from that document alone.

It keeps what it stores in memory: a new process is a new device, with a new outbox.
"""

import asyncio
import contextlib
import json
import random
import secrets
import urllib.request
from dataclasses import dataclass, field

import websockets

from .encodings import JSONEncoding

FIRST_BACKOFF, LONGEST_BACKOFF, STEADY = 0.5, 30.0, 10.0
ACKNOWLEDGE_AFTER = 0.05
DO_NOT_RECONNECT = {1008, 1009}


@dataclass
class Conversation:
    """What a device stores of a conversation: its outbox, and its cursor."""

    id: str
    # By a clock that does not jump.
    began: float
    next_number: int = 1
    outbox: dict = field(default_factory=dict)
    received: int = 0
    # The server has shown that it knows it, and it is not over here: it is named in `hello`.
    known: bool = False
    over: bool = False
    # A temporary error has come: nothing is sent until this is done.
    waiting: asyncio.Task | None = None
    attempts: int = 0
    acknowledging: asyncio.TimerHandle | None = None


def demo_token(url, user):
    request = urllib.request.Request(
        f"{url}/demo/token", json.dumps({"user": user}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5) as response:
        return json.load(response)["token"]


class Session:
    """Tells `listener` what comes: `delivered(conversation, delivery)`, `snapshot(conversation, snapshot)`,
    `refused(conversation, number, message, error)`, `synchronized()`, `ice_servers(list)`. All on one event loop."""

    def __init__(self, url, get_token, listener, encoding=None):
        self.url = url
        self.get_token = get_token
        self.listener = listener
        self.encoding = encoding or JSONEncoding()
        self.device = secrets.token_hex(8)
        self.outbox_id = secrets.token_hex(8)
        self.connection = 0
        self.conversations = {}
        self.node = None
        self.is_synchronized = False
        # Why it stopped for good, if it did.
        self.stopped = None
        self._socket = None
        self._outgoing = None
        self._is_welcome = False
        self._next_delay = None
        self._connected = asyncio.Event()

    # From the application.

    async def run(self):
        """Connects, and connects again, until it is cancelled or told not to."""
        delay, bound = 0.0, FIRST_BACKOFF
        loop = asyncio.get_running_loop()
        while self.stopped is None:
            await asyncio.sleep(delay)
            began = loop.time()
            code = await self._connect_once()
            if code in DO_NOT_RECONNECT or (code is not None and 4500 <= code <= 4999):
                self.stopped = self.stopped or f"closed with {code}"
                return
            if loop.time() - began > STEADY:
                delay, bound = 0.0, FIRST_BACKOFF
            else:
                delay, bound = random.uniform(0, bound), min(bound * 2, LONGEST_BACKOFF)
            if self._next_delay is not None:
                delay, self._next_delay = self._next_delay, None

    async def wait_connected(self):
        await self._connected.wait()

    def conversation(self, identifier):
        if identifier not in self.conversations:
            self.conversations[identifier] = Conversation(identifier, asyncio.get_running_loop().time())
        return self.conversations[identifier]

    def send(self, identifier, message):
        """Stores the message under its number, and sends it as soon as it may be sent."""
        conversation = self.conversation(identifier)
        number = conversation.next_number
        conversation.next_number += 1
        conversation.outbox[number] = message
        if self._is_welcome and conversation.waiting is None:
            self._send_message(conversation, number)

    def over(self, identifier):
        """The application is done with the conversation; it is forgotten when its outbox is empty."""
        self.conversation(identifier).over = True

    def forget(self, identifier):
        """Everything but the numbers of its sends, which are never given twice."""
        conversation = self.conversation(identifier)
        conversation.known, conversation.over, conversation.received = False, False, 0

    def request_ice_servers(self):
        if self._is_welcome:
            self._write({"iceServers": {}})

    async def reconnect(self):
        """Leaves the node and comes back, perhaps to another one."""
        self._connected.clear()
        if self._socket:
            await self._socket.close()
        await self._connected.wait()

    # One connection.

    async def _connect_once(self):
        """Returns the code with which the connection was closed; none if it was lost, or never came to be."""
        writing = None
        try:
            token = await asyncio.to_thread(self.get_token)
            async with websockets.connect(
                self.url.replace("http", "ws", 1) + "/v1/connect",
                subprotocols=[websockets.Subprotocol(self.encoding.subprotocol)],
                compression=None, max_size=None, ping_interval=15, ping_timeout=5, close_timeout=2,
            ) as socket:
                self._socket = socket
                self._outgoing = asyncio.Queue()
                writing = asyncio.ensure_future(self._write_all(socket, self._outgoing))
                self.connection += 1
                self._write({"hello": self._hello(token)})
                async for data in socket:
                    self._received(self.encoding.decode(data))
                return socket.close_code
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None
        except (OSError, websockets.WebSocketException, asyncio.TimeoutError):
            return None
        finally:
            if writing:
                writing.cancel()
            self._socket = None
            self._is_welcome = self.is_synchronized = False
            self._connected.clear()

    def _hello(self, token):
        named = [each for each in self.conversations.values() if each.known and (not each.over or each.outbox)]
        return {
            "token": token, "device": self.device, "connection": self.connection, "outbox": self.outbox_id,
            "conversations": [{"conversation": each.id, "received": each.received} for each in named],
        }

    async def _write_all(self, socket, frames):
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await socket.send(self.encoding.encode(await frames.get()))

    def _write(self, frame):
        if self._socket is not None:
            self._outgoing.put_nowait(frame)

    def _send_message(self, conversation, number):
        message = conversation.outbox[number]
        if "invite" in message:
            age = (asyncio.get_running_loop().time() - conversation.began) * 1000
            message = {"invite": {**message["invite"], "ageMs": age}}
        self._write({"send": {"conversation": conversation.id, "number": number, "message": message}})

    def _send_outbox(self, conversation):
        for number in sorted(conversation.outbox):
            self._send_message(conversation, number)

    # What the server says.

    def _received(self, frame):
        for kind, handle in (
            ("welcome", self._welcome), ("syncComplete", self._sync_complete), ("accepted", self._accepted),
            ("deliver", self._deliver), ("snapshot", self._snapshot), ("error", self._error),
            ("goAway", self._go_away), ("iceServers", self._ice_servers),
        ):
            if kind in frame:
                handle(frame[kind])

    def _welcome(self, welcome):
        self.node = welcome["node"]
        self._is_welcome = True
        self._ice_servers(welcome)
        for accepted in welcome.get("conversations", []):
            self._accepted(accepted)
        for conversation in self.conversations.values():
            if conversation.waiting:
                conversation.waiting.cancel()
                conversation.waiting = None
            self._send_outbox(conversation)
        self._connected.set()

    def _ice_servers(self, frame):
        self.listener.ice_servers(frame.get("iceServers", []))

    def _sync_complete(self, _):
        self.is_synchronized = True
        self.listener.synchronized()

    def _accepted(self, accepted):
        conversation = self.conversation(accepted["conversation"])
        conversation.known = True
        conversation.attempts = 0
        for number in [each for each in conversation.outbox if each <= accepted["number"]]:
            del conversation.outbox[number]

    def _deliver(self, delivery):
        conversation = self.conversation(delivery["conversation"])
        conversation.known = True
        number = delivery["number"]
        if number > conversation.received + 1:
            asyncio.ensure_future(self._socket.close())
            return
        if number == conversation.received + 1:
            conversation.received = number
            self.listener.delivered(conversation.id, delivery)
        self._acknowledge_soon(conversation)

    def _snapshot(self, snapshot):
        conversation = self.conversation(snapshot["conversation"])
        conversation.known = True
        conversation.received = snapshot.get("nextNumber", 1) - 1
        self.listener.snapshot(conversation.id, snapshot)

    def _acknowledge_soon(self, conversation):
        def acknowledge():
            conversation.acknowledging = None
            if self._is_welcome:
                self._write({"ack": {"conversation": conversation.id, "received": conversation.received}})

        if conversation.acknowledging is None:
            conversation.acknowledging = asyncio.get_running_loop().call_later(ACKNOWLEDGE_AFTER, acknowledge)

    def _go_away(self, go_away):
        async def leave(socket):
            await asyncio.sleep(go_away.get("reconnectAfterMs", 0) / 1000)
            await socket.close()

        self._next_delay = 0.0
        asyncio.ensure_future(leave(self._socket))

    def _error(self, error):
        if "conversation" not in error:
            if "retryAfterMs" in error:
                self._next_delay = error["retryAfterMs"] / 1000
            if error["name"] == "replaced":
                self.stopped = "replaced"
            return
        conversation = self.conversation(error["conversation"])
        if error["name"] == "superseded":
            self.stopped = "superseded"
            asyncio.ensure_future(self._socket.close())
        elif error["name"] == "not_found":
            self._not_found(conversation, error)
        elif error.get("permanent"):
            number = error.get("number", 0)
            self.listener.refused(conversation.id, number, conversation.outbox.get(number), error)
        else:
            self._wait_and_resend(conversation, error.get("retryAfterMs"))

    def _not_found(self, conversation, error):
        lowest = min(conversation.outbox, default=0)
        begins_with_invite = lowest and "invite" in conversation.outbox[lowest]
        if begins_with_invite and error.get("number", 0) != lowest:
            self._wait_and_resend(conversation, error.get("retryAfterMs"))
            return
        conversation.outbox.clear()
        conversation.known = False
        self.listener.refused(conversation.id, error.get("number", 0), None, error)

    def _wait_and_resend(self, conversation, retry_after_ms):
        """One wait and one resend cover all temporary errors that come meanwhile."""
        if conversation.waiting:
            return
        bound = min(FIRST_BACKOFF * 2**conversation.attempts, LONGEST_BACKOFF)
        conversation.attempts += 1

        async def resend():
            await asyncio.sleep(random.uniform(0, bound) if retry_after_ms is None else retry_after_ms / 1000)
            conversation.waiting = None
            if self._is_welcome:
                self._send_outbox(conversation)

        conversation.waiting = asyncio.ensure_future(resend())
