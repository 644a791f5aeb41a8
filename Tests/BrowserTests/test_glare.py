"""Both call each other at once: one call comes of it, for whoever was second picks up the first."""

import unittest

from support.node_case import NodeTestCase
from support.pages import Page, assert_talking
from support.waiting import wait_until


class GlareTests(NodeTestCase):
    def test_both_press_call_at_once(self):
        alice = self.page("adam")
        bob = self.page("beate", machine="second")
        for turn in range(4):
            with self.subTest(turn=turn):
                Page.call_at_once((alice, "beate"), (bob, "adam"))
                assert_talking(self, alice, bob)
                self.assertEqual(alice.call_id, bob.call_id)
                roles = {page.focus().execute_script("return switchboard.call.role") for page in (alice, bob)}
                self.assertEqual(roles, {"caller", "callee"})
                for page in (alice, bob):
                    self.assertFalse(page.is_shown("incoming"))
                    self.assertEqual(page.live_calls, [alice.call_id])
                    self.assertTrue(page.packets_received("audio") > 0)
                wait_until(lambda: alice.security_code and alice.security_code == bob.security_code, "the codes agree")
                (alice, bob)[turn % 2].hang_up()
                for page in (alice, bob):
                    page.wait_notice("has ended")
        for page in (alice, bob):
            self.assertEqual(page.missed_calls, 0)

    def test_nobody_sends_more_than_what_he_chose(self):
        """One calls for a talk, the other with video: the first one's camera stays off, whoever was first."""
        alice = self.page("conny")
        bob = self.page("dieter", machine="second")
        seen = set()
        for turn in range(4):
            with self.subTest(turn=turn):
                alice.focus().execute_script("document.querySelector('[data-testid=with-video]').checked = false")
                Page.call_at_once((alice, "dieter"), (bob, "conny"))
                for page in (alice, bob):
                    page.wait_call_state("active")
                    wait_until(lambda: page.packets_received("audio"), f"{page.name} hears something")
                seen.add(alice.focus().execute_script("return switchboard.call.role"))
                alice.wait_video() if bob.own_tracks == ["audio", "video"] else None
                self.assertEqual(alice.own_tracks, ["audio"])
                self.assertEqual(bob.packets_received("video"), 0)
                alice.hang_up()
                for page in (alice, bob):
                    page.wait_notice("has ended")
        print(f"the one without video was {' and '.join(sorted(seen))}")


if __name__ == "__main__":
    unittest.main()
