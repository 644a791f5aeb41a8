"""Calls that go through a TURN server, with the credentials that the node makes."""

import re
import secrets
import time

from support.browsers import BrowserTestCase
from support.pages import Page, assert_talking
from support.servers import Node
from support.turn import TurnServer
from support.waiting import wait_until

# The types of the two candidates that are in use.
PATH = """
    const done = arguments[arguments.length - 1];
    const connection = window.switchboard.call?.peerConnection;
    if (!connection) return done(null);
    connection.getStats().then((stats) => {
        const all = [...stats.values()];
        const transport = all.find((report) => report.type === "transport" && report.selectedCandidatePairId);
        const pair = stats.get(transport?.selectedCandidatePairId);
        if (!pair) return done(null);
        done([pair.localCandidateId, pair.remoteCandidateId].map((id) => stats.get(id).candidateType));
    }, () => done(null));
"""

EXPIRY = "return Number(switchboard.call.peerConnection.getConfiguration().iceServers[0].username.split(':')[0])"


class TurnTests(BrowserTestCase):
    @classmethod
    def setUpClass(cls):
        cls.turn = TurnServer()
        cls.addClassCleanup(cls.turn.close)

    def node(self, secret=None, **environment):
        node = Node(
            "--turn-urls", self.turn.url, "--turn-secret-file", self.turn.secret_file(secret), environment=environment
        )
        self.addCleanup(node.close)
        return node

    def page(self, node, name):
        return Page(self.browser(), node.url, name, query="&relay=1").wait_connected()

    def path(self, page):
        return page.focus().execute_async_script(PATH)

    def test_a_call_without_any_other_way_goes_through_the_server(self):
        node = self.node()
        # A name that holds what TURN names must not.
        alice, bob = self.page(node, "zoë : 1"), self.page(node, "bob")
        alice.call("bob")
        bob.wait_ringing("zoë : 1")
        bob.pick_up()
        assert_talking(self, alice, bob)
        for page in (alice, bob):
            self.assertEqual(self.path(page), ["relay", "relay"])
        for user in ("zo%C3%AB%20%3A%201", "bob"):
            self.assertGreater(self.allocations(user), 0)
        alice.hang_up()
        bob.wait_notice("has ended")
        self.assert_no_page_errors()

    def test_with_credentials_of_another_secret_there_is_no_connection(self):
        node = self.node(secrets.token_hex(32), CALL_CONNECT_TIMEOUT_MS="5000")
        alice, bob = self.page(node, "mallory"), self.page(node, "bert")
        alice.call("bert")
        bob.wait_ringing("mallory")
        bob.pick_up()
        alice.wait_call_state("connecting")
        wait_until(lambda: alice.call_state in (None, "ended"), "the call is given up")
        self.assertFalse(bob.frames_decoded)
        for user in ("mallory", "bert"):
            self.assertRegex(self.turn.log, rf"user <\d+:{user}>: incoming packet message processed, error 401")
            self.assertEqual(self.allocations(user), 0)

    def test_a_page_and_a_call_that_outlive_the_first_credentials_have_fresh_ones(self):
        lifetime = 4
        node = self.node(TURN_CREDENTIAL_LIFETIME_MS=str(lifetime * 1000))
        alice, bob = self.page(node, "alma"), self.page(node, "bruno")
        self.outlive(lifetime)
        alice.call("bruno")
        bob.wait_ringing("alma")
        bob.pick_up()
        assert_talking(self, alice, bob)

        self.outlive(lifetime)
        made = {user: self.allocations(user) for user in ("alma", "bruno")}
        # An ICE restart gathers anew: the server must take the credentials of now.
        alice.focus().execute_script("switchboard.call.peerConnection.restartIce()")
        for page in (alice, bob):
            wait_until(lambda: self.allocations(page.name) > made[page.name], f"{page.name} has a new relay address")
            self.assertGreater(page.focus().execute_script(EXPIRY), time.time())
        assert_talking(self, alice, bob)
        self.assertEqual(self.path(alice), ["relay", "relay"])
        self.assert_no_page_errors()

    def outlive(self, seconds):
        """Waits until what is good for so long now is good no more; the server counts whole seconds."""
        end = time.time() + seconds + 2
        wait_until(lambda: time.time() > end, "the credentials have expired", seconds + 10)

    def allocations(self, user):
        return len(re.findall(rf"user <\d+:{user}>: incoming packet ALLOCATE processed, success", self.turn.log))


if __name__ == "__main__":
    import unittest

    unittest.main()
