"""The network changes under a call: two machines, and another cable between them."""

import time
import unittest

from support.browsers import BrowserTestCase
from support.machines import Cable, Machine, MachinesUnavailableError
from support.pages import Page, assert_talking
from support.servers import Node
from support.waiting import wait_until

# Where this side's media leave from, and the ICE session that they belong to.
LOCAL_ADDRESS = """
    const done = arguments[arguments.length - 1];
    const connection = switchboard.call.peerConnection;
    connection.getStats().then((stats) => {
        const transport = [...stats.values()].find(({ type }) => type === "transport");
        const pair = stats.get(transport?.selectedCandidatePairId);
        done({
            address: stats.get(pair?.localCandidateId)?.address ?? null,
            fragment: /a=ice-ufrag:(\\S+)/.exec(connection.currentLocalDescription.sdp)[1],
        });
    });
"""


class NetworkChangeTests(BrowserTestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.addClassCleanup(lambda: cls.node.close())

    def machine(self):
        try:
            machine = Machine(self.node.port)
        except MachinesUnavailableError as error:
            raise unittest.SkipTest(f"needs network namespaces ({error})") from None
        self.addCleanup(machine.close)
        return machine

    def page(self, machine, name):
        driver = machine.browser()
        self._browsers.append(driver)
        self.addCleanup(driver.quit)
        return Page(driver, machine.url, name).wait_connected()

    def test_a_call_moves_to_another_network(self):
        one, other = self.machine(), self.machine()
        first = Cable(one, other)
        alice, bob = self.page(one, "anselm"), self.page(other, "birte")
        alice.call("birte")
        bob.wait_ringing("anselm")
        bob.pick_up()
        assert_talking(self, alice, bob)
        before = bob.focus().execute_async_script(LOCAL_ADDRESS)
        self.assertTrue(before["address"].startswith(first.prefix), before)
        call, codes = bob.call_id, bob.security_code

        second = Cable(one, other)
        first.pull()
        pulled = time.monotonic()
        frames = {page: page.frames_decoded for page in (alice, bob)}
        for page in (alice, bob):
            wait_until(
                lambda: page.frames_decoded > frames[page] + 10 and page.call_state == "active",
                f"{page.name}'s picture moves again", 60,
            )
        print(f"another network: both see each other again {time.monotonic() - pulled:.1f} s after the first was gone")
        after = bob.focus().execute_async_script(LOCAL_ADDRESS)
        self.assertTrue(after["address"].startswith(second.prefix), after)
        self.assertNotEqual(after["fragment"], before["fragment"], "ICE was restarted")
        # It is the same call, on the same peer connection: nothing was made anew.
        self.assertEqual((bob.call_id, bob.security_code), (call, codes))
        bob.hang_up()
        alice.wait_notice("has ended")


if __name__ == "__main__":
    unittest.main()
