"""While it rings: how long, on how many devices, over reloads, and called again at once."""

import time
import unittest

from support.node_case import NodeTestCase
from support.pages import assert_talking
from support.waiting import wait_until

CALL_CANCEL_CALL = """
    const [callee, gapMs, done] = arguments;
    const find = (name) => document.querySelector(`[data-testid=${name}]`);
    const call = () => {
        find("callee-input").value = callee;
        find("call-button").click();
        return switchboard.call.id;
    };
    const began = performance.now();
    const first = call();
    setTimeout(() => {
        find("hangup").click();
        const second = call();
        done({ first, second, tookMs: performance.now() - began });
    }, gapMs);
"""


class RingingTests(NodeTestCase):
    def test_pickup_on_one_of_three_devices(self):
        alice = self.page("anton")
        bobs = [self.page("berta", machine="second") for _ in range(3)]
        alice.call("berta")
        for bob in bobs:
            bob.wait_ringing("anton")
        bobs[1].pick_up()
        for bob in (bobs[0], bobs[2]):
            bob.wait_quiet()
            bob.wait_notice("Answered on another of your devices.")
            self.assertEqual(bob.missed_calls, 0)
        assert_talking(self, alice, bobs[1])
        alice.hang_up()
        bobs[1].wait_notice("has ended")
        for bob in (bobs[0], bobs[2]):
            wait_until(lambda: not bob.is_shown("elsewhere"), "the call is over elsewhere too")

    def test_a_device_that_ignores_is_quiet_and_the_others_ring_on(self):
        alice = self.page("carla")
        bob, bob_too = (self.page("dirk", machine="second") for _ in range(2))
        alice.call("dirk")
        for device in (bob, bob_too):
            device.wait_ringing("carla")
        bob.ignore()
        bob.wait_quiet()
        alice.wait_call_state("ringing")
        self.assertTrue(bob_too.is_shown("incoming"))
        bob_too.pick_up_without_video()
        alice.wait_call_state("active")
        self.assertEqual(bob_too.own_tracks, ["audio"])

    def test_call_cancel_call_again_within_200_ms(self):
        alice = self.page("emma")
        bob = self.page("fritz", machine="second")
        for gap in (0, 50, 120):
            with self.subTest(gap_ms=gap):
                calls = alice.focus().execute_async_script(CALL_CANCEL_CALL, "fritz", gap)
                print(f"called, cancelled and called again within {calls['tookMs']:.0f} ms")
                wait_until(
                    lambda: bob.is_shown("incoming") and bob.live_calls == [calls["second"]], "only the second rings"
                )
                bob.pick_up()
                assert_talking(self, alice, bob)
                self.assertEqual(alice.call_id, calls["second"])
                alice.hang_up()
                bob.wait_notice("has ended")

    def test_the_caller_reloads_while_it_rings(self):
        alice = self.page("gerda")
        bob = self.page("hans", machine="second")
        alice.call("hans")
        bob.wait_ringing("gerda")
        call = alice.call_id
        alice.reload()
        alice.wait_call_state("ringing")
        self.assertEqual(alice.call_id, call)
        bob.pick_up()
        assert_talking(self, alice, bob)
        alice.hang_up()
        bob.wait_notice("has ended")

    def test_the_callee_reloads_while_it_rings(self):
        alice = self.page("ida")
        bob = self.page("jakob", machine="second")
        alice.call("jakob")
        bob.wait_ringing("ida")
        bob.reload()
        bob.wait_ringing("ida")
        bob.pick_up()
        assert_talking(self, alice, bob)
        bob.hang_up()
        alice.wait_notice("has ended")

    def test_a_call_that_comes_while_one_talks(self):
        alice = self.page("karl")
        bob = self.page("lena", machine="second")
        carol = self.page("mona", machine="second")
        alice.call("lena")
        bob.wait_ringing("karl")
        bob.pick_up()
        assert_talking(self, alice, bob)
        carol.call("lena")
        bob.wait_ringing("mona")
        bob.decline()
        carol.wait_notice("lena is in another call.")
        self.assertEqual(bob.call_state, "active")
        carol.call("lena")
        bob.wait_ringing("mona")
        bob.pick_up()
        alice.wait_notice("has ended")
        assert_talking(self, carol, bob)


class LongRingingTests(NodeTestCase):
    """A person takes a while. ICE must not have given up by then; in Firefox it does after five seconds without
    candidates of the other side.
    """

    SECONDS = 20

    def test_pickup_after_twenty_seconds_in_chromium_and_in_firefox(self):
        pairs = {
            "Chromium to Chromium": (self.page("nina"), self.page("otto")),
            "Chromium to Firefox": (self.page("paul"), self.page("quinn", firefox=True)),
            "Firefox to Chromium": (self.page("rosa", firefox=True), self.page("sven")),
            "Firefox to Firefox": (self.page("tina", firefox=True), self.page("udo", firefox=True)),
        }
        for caller, callee in pairs.values():
            caller.call(callee.name)
            callee.wait_ringing(caller.name)
        time.sleep(self.SECONDS)
        for browsers, (caller, callee) in pairs.items():
            with self.subTest(browsers):
                callee.pick_up()
                assert_talking(self, caller, callee)
                timings = callee.timings
                self.assertGreaterEqual(timings["pickedUp"], self.SECONDS * 1_000)
                print(f"{browsers}, after {timings['pickedUp'] / 1_000:.1f} s of ringing: "
                      f"connected {timings['iceConnected'] - timings['pickedUp']:.0f} ms after the pickup")
                callee.hang_up()
                caller.wait_notice("has ended")


if __name__ == "__main__":
    unittest.main()
