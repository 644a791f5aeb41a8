"""Calls between browsers through the balancer of a real cluster: ZooKeeper, PostgreSQL, three nodes, HAProxy."""

import time
import unittest

from support.browsers import BrowserTestCase
from support.pages import Page, assert_talking
from support.servers import Cluster
from support.waiting import wait_until

# What a page says while a node that it was connected to is gone.
PROVOKED = ["WebSocket connection to", "ERR_CONNECTION", "Failed to load resource"]


class ClusterTests(BrowserTestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.addClassCleanup(cls.cluster.close)

    def pages_on_two_nodes(self, *names):
        """Two pages that came through the balancer to different nodes."""
        first, second = (Page(self.browser(), self.cluster.url, name).wait_connected() for name in names)
        for _ in range(30):
            if first.node != second.node:
                break
            second.reconnect()
            second.wait_connected()
        self.assertNotEqual(first.node, second.node, "the balancer gives always the same node")
        return first, second

    def test_a_call_between_pages_on_two_nodes(self):
        alice, bob = self.pages_on_two_nodes("alice", "bob")
        alice.call("bob")
        bob.wait_ringing("alice")
        bob.pick_up()
        assert_talking(self, alice, bob)
        alice.hang_up()
        bob.wait_notice("has ended")
        self.assert_no_page_errors()

    def test_both_call_at_once_from_two_nodes(self):
        alice, bob = self.pages_on_two_nodes("arno", "bine")
        for _ in range(3):
            Page.call_at_once((alice, "bine"), (bob, "arno"))
            assert_talking(self, alice, bob)
            self.assertEqual(alice.call_id, bob.call_id)
            alice.hang_up()
            for page in (alice, bob):
                page.wait_notice("has ended")
        self.assertEqual([alice.missed_calls, bob.missed_calls], [0, 0])
        self.assert_no_page_errors()

    def test_the_leader_is_killed_between_offer_and_pickup(self):
        alice, bob = self.pages_on_two_nodes("anna", "bruno")
        alice.call("bruno")
        bob.wait_ringing("anna")
        wait_until(lambda: "offerSent" in bob.timings_of_ringing, "bruno's device has its answer prepared")
        leader = self.cluster.leader(alice.call_id)
        self.addCleanup(self.cluster.restart, leader)
        nodes = f"pages on {alice.node} and {bob.node}"
        self.cluster.kill(leader)
        killed = time.monotonic()
        bob.pick_up()
        assert_talking(self, alice, bob, seconds=60)
        seconds = time.monotonic() - killed
        connecting = bob.timings["iceConnected"] - bob.timings["pickedUp"]
        print(f"leader {leader} killed ({nodes}): connected {connecting:.0f} ms after the pickup that followed at once, "
              f"both seen to see each other after {seconds:.1f} s")
        self.assertNotEqual(self.cluster.leader(alice.call_id), leader)
        bob.hang_up()
        alice.wait_notice("has ended")
        self.assert_no_page_errors(ignoring=PROVOKED)

    def test_the_callees_node_is_killed_between_offer_and_pickup(self):
        alice, bob = self.pages_on_two_nodes("agnes", "boris")
        alice.call("boris")
        bob.wait_ringing("agnes")
        node = bob.node
        self.addCleanup(self.cluster.restart, node)
        self.cluster.kill(node)
        bob.pick_up()
        assert_talking(self, alice, bob, seconds=60)
        self.assertNotEqual(bob.node, node)
        self.assert_no_page_errors(ignoring=PROVOKED)

    def test_a_call_in_progress_outlives_the_node_that_leads_it(self):
        alice, bob = self.pages_on_two_nodes("alma", "basil")
        alice.call("basil")
        bob.wait_ringing("alma")
        bob.pick_up()
        assert_talking(self, alice, bob)
        leader = self.cluster.leader(alice.call_id)
        self.addCleanup(self.cluster.restart, leader)
        self.cluster.kill(leader)
        alice.element("mute").click()
        wait_until(lambda: bob.is_shown("peer-muted"), "basil is told that alma is muted", 60)
        assert_talking(self, alice, bob)
        alice.hang_up()
        bob.wait_notice("has ended")
        self.assert_no_page_errors(ignoring=PROVOKED)


if __name__ == "__main__":
    unittest.main()
