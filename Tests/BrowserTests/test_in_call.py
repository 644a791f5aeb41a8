"""During a call: reloads, another device, the screen, and what the page says of it."""

import unittest

from support.node_case import NodeTestCase
from support.pages import assert_talking
from support.waiting import wait_until

# A screen without a screen: headless browsers have none to share.
DRAWN_SCREEN = """
    navigator.mediaDevices.getDisplayMedia = async () => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 300, height: 300 });
        const context = canvas.getContext("2d");
        setInterval(() => {
            context.fillStyle = `hsl(${performance.now() / 20} 50% 50%)`;
            context.fillRect(0, 0, 300, 300);
        }, 100);
        return canvas.captureStream(10);
    };
"""
# Encoders make pictures smaller at will, but not narrower: this screen is square, and no camera is.
SQUARE = """
    const video = document.querySelector("[data-testid=remote-video]");
    return video.videoWidth > 0 && video.videoWidth === video.videoHeight;
"""


class ReloadTests(NodeTestCase):
    def test_the_page_is_loaded_anew_during_the_call(self):
        alice = self.page("abel")
        bob = self.page("bea", machine="second")
        self.talk(alice, bob)
        call, device = bob.call_id, bob.device
        bob.reload()
        bob.wait_call_state("active")
        self.assertEqual((bob.call_id, bob.device), (call, device))
        assert_talking(self, alice, bob)
        self.assertEqual(bob.security_code, alice.security_code)
        alice.hang_up()
        bob.wait_notice("has ended")


class HandoverTests(NodeTestCase):
    def test_a_call_is_fetched_from_another_device_and_back(self):
        alice = self.page("edgar")
        bob = self.page("flora", machine="second")
        bob_too = self.page("flora", machine="second")
        self.talk(alice, bob)
        call = alice.call_id
        bob_too.take_over()
        bob.wait_notice("The call goes on on another of your devices.")
        assert_talking(self, alice, bob_too)
        self.assertEqual({alice.call_id, bob_too.call_id}, {call})
        self.assertEqual(bob.missed_calls, 0)

        # The old device has no part in it any more. Loaded anew, it learns that it could have the call again.
        bob.reload()
        bob.take_over()
        bob_too.wait_notice("The call goes on on another of your devices.")
        assert_talking(self, alice, bob)
        self.assertEqual({alice.call_id, bob.call_id}, {call})
        alice.hang_up()
        bob.wait_notice("has ended")
        wait_until(lambda: not bob_too.is_shown("elsewhere"), "the call is over elsewhere too")


class ControlTests(NodeTestCase):
    def test_the_screen_takes_the_place_of_the_camera_and_gives_it_back(self):
        alice = self.page("gustav")
        bob = self.page("hella", machine="second")
        self.talk(alice, bob)
        self.assertFalse(bob.focus().execute_script(SQUARE))
        alice.focus().execute_script(DRAWN_SCREEN)
        alice.element("screen").click()
        wait_until(lambda: bob.focus().execute_script(SQUARE), "bob sees the screen")
        self.assertEqual(alice.element("screen").get_attribute("aria-pressed"), "true")
        wait_until(lambda: bob.text_of_note("peerScreen") == "gustav shows a screen", "bob is told that it is a screen")
        alice.element("screen").click()
        wait_until(lambda: not bob.focus().execute_script(SQUARE), "bob sees the camera again")

    def test_a_voice_call_becomes_one_with_a_picture(self):
        alice = self.page("igor")
        bob = self.page("jana", machine="second")
        alice.call("jana", video=False)
        bob.wait_ringing("igor")
        self.assertEqual(bob.text("incoming-kind"), "Voice call")
        self.assertFalse(bob.is_shown("accept-audio"))
        bob.pick_up()
        for page in (alice, bob):
            page.wait_call_state("active")
            wait_until(lambda: page.packets_received("audio"), f"{page.name} hears something")
            self.assertEqual(page.own_tracks, ["audio"])
        alice.element("camera").click()
        bob.wait_video()
        self.assertEqual(bob.own_tracks, ["audio"])

    def test_live_figures_are_shown(self):
        alice = self.page("kuno")
        bob = self.page("lisa", machine="second")
        self.talk(alice, bob)
        for page in (alice, bob):
            wait_until(lambda: "kbit/s" in page.figure("received-video", "rate"), "the picture's bitrate is shown")
            wait_until(lambda: "×" in page.figure("received-video", "size"), "the picture's size is shown")
            self.assertRegex(page.text("timing-headline"), r"connected in \d+ ms")


if __name__ == "__main__":
    unittest.main()
