"""A call as one device sees it: section 9 of docs/PROTOCOL.md."""

import asyncio

from .aiortc_media import Media
from .security_code import SecurityExchange

BOTH = {"audio": True, "video": True}


class Call:
    """What is delivered is handled by the method of its kind; what takes its time is done in order, one by one."""

    def __init__(self, client, identifier, role, peer, state):
        self.client = client
        self.id = identifier
        self.role = role
        self.peer = peer
        # invited, inviting, ringing, connecting, active, elsewhere, ended
        self.state = state
        self.reason = None
        self.refusals = []
        # The peer connection in use, and one that may take its place.
        self.media = None
        self.successor = None
        # Another call that goes on in place of this one.
        self.continued_by = None
        self._winner = None
        self._is_selected = False
        self._handover_device = None
        self._highest_session = 0
        self._exchanges = {}
        self._work = asyncio.Queue()
        self.worker = asyncio.ensure_future(self._do_all())

    def send(self, message):
        self.client.session.send(self.id, message)

    @property
    def decoded(self):
        return dict(self.media.decoded) if self.media else {"audio": 0, "video": 0}

    @property
    def is_prepared(self):
        return self.media is not None and self.media.is_prepared

    @property
    def security_code(self):
        """Of the connection in use, once it stands."""
        if not self.media or not self.media.is_connected or self.media.session not in self._exchanges:
            return None
        return self._exchanges[self.media.session].code

    # What the user does.

    def begin(self):
        self.send({"invite": {"callee": self.peer, "media": BOTH}})
        self._do(self._offer(1))

    def pick_up(self):
        self.state = "connecting"
        self.send({"accept": {"media": BOTH}})

    def take_over(self):
        """From another device of this user."""
        self.state = "connecting"
        self.send({"handover": {"media": BOTH}})
        self._do(self._offer(self._highest_session + 1))

    def hang_up(self):
        is_ours = self.role == "caller" and not self._is_selected
        self.send({"cancel": {}} if is_ours else {"hangup": {"reason": "hangup"}})

    # What is delivered.

    def delivered(self, delivery):
        for kind, content in delivery["message"].items():
            handle = getattr(self, f"_{kind}", None)
            if handle:
                handle(content)

    def snapshot(self, snapshot):
        self._highest_session = max(self._highest_session, snapshot.get("session", 0))
        if snapshot["state"] == "ended":
            self._ended({"reason": snapshot.get("reason", "")})
        elif "activeDevice" in snapshot:
            self.state = "elsewhere"

    def _ringing(self, _):
        self.state = "ringing"

    def _selected(self, selected):
        mine = selected["device"] if self.role == "callee" else selected["callerDevice"]
        self._is_selected = mine == self.client.session.device
        if self.state != "active":
            self.state = "connecting"
        self._do(self._go_on(selected.get("session", 0)))

    def _description(self, description):
        self._highest_session = max(self._highest_session, description["session"])
        self._do(self._answer(description) if description["type"] == "offer" else self._apply_answer(description))

    def _candidates(self, candidates):
        self._do(self._add(candidates))

    def _security(self, message):
        self._do(self._secure(message["session"], lambda exchange: exchange.received(message)))

    def _connected(self, _):
        self.state = "active"

    def _handover(self, handover):
        self._handover_device = None if handover.get("cancelled") else handover["device"]
        if self._handover_device is None:
            self._do(self._give_up_successor())

    def _glare(self, glare):
        self._winner = glare["winner"]

    def _elsewhere(self, elsewhere):
        self.state = "elsewhere" if elsewhere.get("active") else "ended"
        if self.state == "ended":
            self.client.session.over(self.id)

    def _ended(self, ended):
        if self.state == "ended":
            return
        self.state, self.reason = "ended", ended["reason"]
        self._do(self._close_media())
        if self._winner and ended["reason"] == "glare":
            self.continued_by = self.client.pick_up_winner(self._winner, self.peer)
        if ended["reason"] != "answered_elsewhere":
            self.client.session.over(self.id)

    # What takes its time.

    def _do(self, work):
        self._work.put_nowait(work)

    async def _do_all(self):
        while True:
            work = await self._work.get()
            try:
                await work
            except Exception as error:  # noqa: BLE001 - told to the test, which looks at it
                self.client.errors.append(error)

    def _new_media(self, session):
        self._highest_session = max(self._highest_session, session)
        return Media(self.client.servers, session, self._media_connected)

    def _media_connected(self, media):
        self.send({"connected": {"session": media.session}})
        if self.state == "connecting" and media is self.media:
            self.state = "active"

    def _media_of(self, session):
        return next((each for each in (self.media, self.successor) if each and each.session == session), None)

    async def _secure(self, session, tell):
        exchange = self._exchanges.setdefault(session, SecurityExchange(self.id, session, self.role == "caller"))
        for message in tell(exchange):
            self.send(message)

    async def _offer(self, session):
        self.media = self._new_media(session)
        offer = await self.media.offer()
        self.send({"description": {"type": "offer", "sdp": offer.sdp, **self.media.numbers}})
        # In a handover the code is made when it has come about.
        if session == 1:
            await self._describe(self.media)
        self.send({"candidates": await self.media.gather(offer)})

    async def _answer(self, offer):
        media = self._media_of(offer["session"])
        if media is None:
            media = self._new_media(offer["session"])
            if self._handover_device:
                self.successor = media
            else:
                await self._close_media()
                self.media = media
        answer = await media.answer(offer)
        self.send({"description": {"type": "answer", "sdp": answer.sdp, **media.numbers}})
        if media is self.media:
            await self._describe(media)
        self.send({"candidates": await media.gather(answer)})
        if self._is_selected:
            media.open_devices()

    async def _apply_answer(self, answer):
        if (answer["session"], answer["revision"]) == (self.media.session, self.media.revision):
            await self.media.apply_answer(answer)
            if self._is_selected:
                await self._describe(self.media)

    async def _describe(self, media):
        if media.remote_sdp:
            await self._secure(media.session, lambda exchange: exchange.remote_described(media.remote_sdp))
        await self._secure(media.session, lambda exchange: exchange.local_described(media.local_sdp))

    async def _add(self, candidates):
        if media := self._media_of(candidates["session"]):
            for candidate in candidates["candidates"]:
                await media.add(candidate)

    async def _go_on(self, session):
        """This device is selected: at pickup, or when a handover has come about."""
        if self.successor and self.successor.session == session:
            await self.media.close()
            self.media, self.successor, self._handover_device = self.successor, None, None
        if self.media is None:
            return
        if session and self.media.session == session:
            await self._describe(self.media)
        await self._secure(self.media.session, lambda exchange: exchange.selected())
        self.media.open_devices()
        if self.media.is_connected:
            self.state = "active"

    async def _give_up_successor(self):
        if self.successor:
            await self.successor.close()
            self.successor = None

    async def _close_media(self):
        await self._give_up_successor()
        if self.media:
            await self.media.close()
