"""One RTCPeerConnection of a call, by aiortc: section 10 of docs/PROTOCOL.md."""

import asyncio
import contextlib
import re

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


class Media:
    """A peer connection, and the frames that it has decoded."""

    def __init__(self, ice_servers, session, connected):
        servers = [RTCIceServer(**each) for each in ice_servers]
        self.connection = RTCPeerConnection(RTCConfiguration(servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self.session = session
        self.revision = 1
        self.is_connected = False
        # As they were sent, and as they came.
        self.local_sdp = None
        self.remote_sdp = None
        self.decoded = {"audio": 0, "video": 0}
        self._tasks = []
        self.connection.on("track", lambda track: self._tasks.append(asyncio.ensure_future(self._count(track))))

        @self.connection.on("connectionstatechange")
        def changed():
            if self.connection.connectionState == "connected":
                self.is_connected = True
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
        return self._described(await self.connection.createOffer())

    async def answer(self, offer):
        """Applies the offer and prepares an answer that can send, without any track yet."""
        self.session, self.revision = offer["session"], offer["revision"]
        await self.connection.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
        for transceiver in self.connection.getTransceivers():
            transceiver.direction = "sendrecv"
        self.remote_sdp = offer["sdp"]
        return self._described(await self.connection.createAnswer())

    async def apply_answer(self, answer):
        await self.connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        self.remote_sdp = answer["sdp"]

    def _described(self, description):
        """aiortc names its certificate by several digests; the security code speaks of one."""
        self.local_sdp = re.sub(r"^a=fingerprint:(?!sha-256 ).*\r\n", "", description.sdp, flags=re.M)
        return RTCSessionDescription(self.local_sdp, description.type)

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
    def is_prepared(self):
        """Everything that this side can send before pickup is on its way."""
        return self.connection.iceGatheringState == "complete"

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
