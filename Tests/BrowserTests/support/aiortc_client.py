"""A client that shares no code with the project's: aiortc for the media, `session` for the protocol.

Written from docs/PROTOCOL.md alone, so that a call with a browser proves that the document suffices.
"""

import asyncio
import contextlib
import threading
import uuid

from aiortc import (
    AudioStreamTrack,
    MediaStreamError,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.sdp import candidate_from_sdp

from .session import Session, demo_token

BOTH = {"audio": True, "video": True}


class Media:
    """One RTCPeerConnection of a call, and the frames that it has decoded."""

    def __init__(self, ice_servers, session, connected):
        servers = [RTCIceServer(**each) for each in ice_servers]
        self.connection = RTCPeerConnection(RTCConfiguration(servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self.session = session
        self.revision = 1
        self.decoded = {"audio": 0, "video": 0}
        self._tasks = []
        self.connection.on("track", lambda track: self._tasks.append(asyncio.ensure_future(self._count(track))))

        @self.connection.on("connectionstatechange")
        def changed():
            if self.connection.connectionState == "connected":
                connected(self)

    async def _count(self, track):
        with contextlib.suppress(MediaStreamError):
            while True:
                await track.recv()
                self.decoded[track.kind] += 1

    async def offer(self):
        """What `createOffer` says: without candidates."""
        self.connection.addTrack(AudioStreamTrack())
        self.connection.addTrack(VideoStreamTrack())
        return await self.connection.createOffer()

    async def answer(self, offer):
        """Applies the offer and prepares an answer that can send, without any track yet."""
        self.session, self.revision = offer["session"], offer["revision"]
        await self.connection.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
        for transceiver in self.connection.getTransceivers():
            transceiver.direction = "sendrecv"
        return await self.connection.createAnswer()

    async def gather(self, description):
        """Applies the own description, which makes aiortc gather all candidates at once."""
        await self.connection.setLocalDescription(description)
        return {"candidates": candidates_of(self.connection.localDescription.sdp), **self.numbers}

    def open_devices(self):
        for transceiver in self.connection.getTransceivers():
            if transceiver.sender.track is None:
                transceiver.sender.replaceTrack(
                    AudioStreamTrack() if transceiver.kind == "audio" else VideoStreamTrack()
                )

    async def add(self, candidate):
        if not candidate.get("candidate"):
            await self.connection.addIceCandidate(None)
            return
        parsed = candidate_from_sdp(candidate["candidate"].removeprefix("candidate:"))
        parsed.sdpMid = candidate.get("sdpMid")
        parsed.sdpMLineIndex = candidate.get("sdpMLineIndex", 0)
        await self.connection.addIceCandidate(parsed)

    @property
    def numbers(self):
        return {"session": self.session, "revision": self.revision}

    async def close(self):
        await self.connection.close()
        for task in self._tasks:
            task.cancel()


def candidates_of(sdp):
    """Those of the first media section, on whose transport all others are bundled; then the end of candidates."""
    section = sdp.split("\r\nm=")[1].split("\r\n")
    found = {key: line.split(":", 1)[1] for line in section for key in ("a=mid", "a=ice-ufrag") if line.startswith(key)}
    return [
        {"candidate": line.removeprefix("a="), "sdpMid": found["a=mid"], "usernameFragment": found["a=ice-ufrag"]}
        for line in section if line.startswith("a=candidate")
    ] + [{}]


class Call:
    """A call as this device sees it: section 9."""

    def __init__(self, client, identifier, role, peer, state):
        self.client = client
        self.id = identifier
        self.role = role
        self.peer = peer
        self.state = state
        self.reason = None
        self.refusals = []
        self.media = None
        self.is_selected = False
        # What comes is done in order, one after the other, though each takes its time.
        self._work = asyncio.Queue()
        self._worker = asyncio.ensure_future(self._do_all())

    def send(self, message):
        self.client.session.send(self.id, message)

    @property
    def decoded(self):
        return dict(self.media.decoded) if self.media else {"audio": 0, "video": 0}

    @property
    def is_prepared(self):
        """Everything that this side can send before pickup is on its way."""
        return self.media is not None and self.media.connection.iceGatheringState == "complete"

    # What the user does.

    def begin(self):
        self.send({"invite": {"callee": self.peer, "media": BOTH}})
        self._work.put_nowait(self._offer())

    def pick_up(self):
        self.state = "connecting"
        self.send({"accept": {"media": BOTH}})

    def hang_up(self):
        self.send({"cancel": {}} if self.role == "caller" and not self.is_selected else {"hangup": {"reason": "hangup"}})

    # What happens.

    def delivered(self, delivery):
        for kind, content in delivery["message"].items():
            handle = getattr(self, f"_{kind}", None)
            if handle:
                handle(content)

    def snapshot(self, snapshot):
        if snapshot["state"] == "ended":
            self._ended({"reason": snapshot.get("reason", "")})

    def _ringing(self, _):
        self.state = "ringing"

    def _selected(self, selected):
        mine = selected["device"] if self.role == "callee" else selected["callerDevice"]
        self.is_selected = mine == self.client.session.device
        self.state = "connecting"
        if self.media:
            self.media.open_devices()

    def _description(self, description):
        self._work.put_nowait(
            self._answer(description) if description["type"] == "offer" else self._apply_answer(description)
        )

    def _candidates(self, candidates):
        self._work.put_nowait(self._add(candidates))

    def _connected(self, _):
        self.state = "active"

    def _ended(self, ended):
        if self.state != "ended":
            self.state = "ended"
            self.reason = ended["reason"]
            self.client.session.over(self.id)
            self._work.put_nowait(None)

    # What takes its time.

    async def _do_all(self):
        while (work := await self._work.get()) is not None:
            try:
                await work
            except Exception as error:  # noqa: BLE001 - told to the test, which looks at it
                self.client.errors.append(error)
        if self.media:
            await self.media.close()

    def _new_media(self, session):
        return Media(self.client.servers, session, self._media_connected)

    def _media_connected(self, media):
        self.send({"connected": {"session": media.session}})
        if self.state == "connecting":
            self.state = "active"

    async def _offer(self):
        self.media = self._new_media(1)
        offer = await self.media.offer()
        self.send({"description": {"type": "offer", "sdp": offer.sdp, **self.media.numbers}})
        self.send({"candidates": await self.media.gather(offer)})

    async def _answer(self, offer):
        if self.media and self.media.session != offer["session"]:
            await self.media.close()
            self.media = None
        if self.media is None:
            self.media = self._new_media(offer["session"])
        answer = await self.media.answer(offer)
        self.send({"description": {"type": "answer", "sdp": answer.sdp, **self.media.numbers}})
        self.send({"candidates": await self.media.gather(answer)})
        if self.is_selected:
            self.media.open_devices()

    async def _apply_answer(self, answer):
        if (answer["session"], answer["revision"]) == (self.media.session, self.media.revision):
            await self.media.connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))

    async def _add(self, candidates):
        if self.media and candidates["session"] == self.media.session:
            for candidate in candidates["candidates"]:
                await self.media.add(candidate)


class AiortcClient:
    """A user with one device, on a thread of its own; its methods may be called from any other."""

    def __init__(self, url, user, encoding=None):
        self.user = user
        self.calls = {}
        self.errors = []
        self.servers = []
        self._waiting_for_synchronization = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.session = self._do(self._start, url, encoding)

    # For tests: what a person does and sees.

    def wait_connected(self):
        self._await(self.session.wait_connected())
        return self

    def reconnect(self):
        self._await(self.session.reconnect())

    def call(self, callee):
        def begin():
            identifier = str(uuid.uuid4())
            call = self.calls[identifier] = Call(self, identifier, "caller", callee, "inviting")
            call.begin()
            return call

        return self._do(begin)

    def pick_up(self, call):
        self._do(call.pick_up)

    def hang_up(self, call):
        self._do(call.hang_up)

    def incoming(self, caller):
        """The call of that user that rings here now, if there is one."""
        for call in list(self.calls.values()):
            if call.role == "callee" and call.peer == caller and call.state == "ringing":
                return call
        return None

    def close(self):
        self._await(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # What the session tells.

    def ice_servers(self, servers):
        self.servers = servers

    def delivered(self, identifier, delivery):
        message = delivery["message"]
        if "invite" in message and identifier not in self.calls:
            invite = message["invite"]
            self.calls[identifier] = Call(self, identifier, "callee", invite["caller"], "invited")
            self._waiting_for_synchronization.append(self.calls[identifier])
            if self.session.is_synchronized:
                self.synchronized()
        elif identifier in self.calls:
            self.calls[identifier].delivered(delivery)

    def snapshot(self, identifier, snapshot):
        if identifier in self.calls:
            self.calls[identifier].snapshot(snapshot)
        elif snapshot["state"] != "ringing":
            # A call of before this device: nothing for it.
            self.session.over(identifier)

    def synchronized(self):
        """Only what has not ended by now rings."""
        for call in self._waiting_for_synchronization:
            if call.state == "invited":
                call.state = "ringing"
                call.send({"ringing": {}})
        self._waiting_for_synchronization.clear()

    def refused(self, identifier, number, message, error):
        if identifier in self.calls:
            self.calls[identifier].refusals.append((number, message, error["name"]))

    # The thread.

    def _start(self, url, encoding):
        session = Session(url, lambda: demo_token(url, self.user), self, encoding)
        self._running = asyncio.ensure_future(session.run())
        return session

    async def _stop(self):
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        for call in self.calls.values():
            call._ended({"reason": "closed"})
        await asyncio.gather(*(call._worker for call in self.calls.values()), return_exceptions=True)

    def _do(self, function, *arguments):
        async def run():
            return function(*arguments)

        return self._await(run())

    def _await(self, coroutine, seconds=30):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(seconds)
