"""A client that shares no code with the project's: aiortc for the media, `session` for the protocol.

Written from docs/PROTOCOL.md alone, so that a call with a browser proves that the document suffices.
"""

import asyncio
import threading
import uuid

from .aiortc_call import Call
from .session import Session, demo_token


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

    def take_over(self, call):
        self._do(call.take_over)

    def hang_up(self, call):
        self._do(call.hang_up)

    def incoming(self, caller):
        """The call of that user that rings here now, if there is one."""
        return self._find(lambda call: call.role == "callee" and call.peer == caller and call.state == "ringing")

    def elsewhere(self, peer):
        """The call with that user on another device, if there is one."""
        return self._find(lambda call: call.peer == peer and call.state == "elsewhere")

    def forget(self, call):
        """As if its storage knew nothing of the call."""
        self._do(self._forget, call)

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
            call = self.calls[identifier] = Call(self, identifier, "callee", message["invite"]["caller"], "invited")
            self._waiting_for_synchronization.append(call)
            if self.session.is_synchronized:
                self.synchronized()
        elif identifier in self.calls:
            self.calls[identifier].delivered(delivery)

    def snapshot(self, identifier, snapshot):
        if identifier not in self.calls:
            role = snapshot["role"]
            peer = snapshot["callee" if role == "caller" else "caller"]
            self.calls[identifier] = Call(self, identifier, role, peer, "invited")
        self.calls[identifier].snapshot(snapshot)

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

    # What calls need.

    def pick_up_winner(self, identifier, caller):
        """Glare: the other side's call goes on; it may ring here already, or not have come yet."""
        if identifier not in self.calls:
            self.calls[identifier] = Call(self, identifier, "callee", caller, "invited")
        call = self.calls[identifier]
        if call.state in ("invited", "ringing"):
            call.pick_up()
        return call

    # The thread.

    def _find(self, condition):
        return next((call for call in list(self.calls.values()) if condition(call)), None)

    def _forget(self, call):
        call.worker.cancel()
        del self.calls[call.id]
        self.session.forget(call.id)

    def _start(self, url, encoding):
        session = Session(url, lambda: demo_token(url, self.user), self, encoding)
        self._running = asyncio.ensure_future(session.run())
        return session

    async def _stop(self):
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        for call in self.calls.values():
            call.worker.cancel()
            for media in (call.media, call.successor):
                if media:
                    await media.close()

    def _do(self, function, *arguments):
        async def run():
            return function(*arguments)

        return self._await(run())

    def _await(self, coroutine, seconds=30):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(seconds)
