"""Takes the pictures of the demo page's states, with real calls. Run by Scripts/screenshots."""

import os
import pathlib
import sys

from .browsers import start_browser
from .pages import Page
from .servers import ROOT, Node
from .waiting import wait_until

# Every state is taken as both of these; those of a call also with the colours swapped.
LOOKS = {
    "wide": {"width": 1280, "height": 800},
    "phone": {"width": 360, "height": 740, "scale": 1.5, "dark": True},
}
SWAPPED = {
    "wide-dark": {**LOOKS["wide"], "dark": True},
    "phone-light": {**LOOKS["phone"], "dark": False},
}
# A drawn picture: Chromium's fake camera is a green square, and nobody's face belongs in a repository.
PICTURE = "&camera=picture"
# Candidates that are taken and never used: a call that stays "connecting" for as long as it takes to look at it.
WITHOUT_PATH = "RTCPeerConnection.prototype.addIceCandidate = () => Promise.resolve()"


class Photographer:
    """Bob's page, which is looked at, in one look; and the others of his story, in browsers of their own."""

    def __init__(self, url, folder, look, options):
        self._url, self._folder, self._look = url, folder, look
        self._browsers = []
        try:
            self.bob = self.person("bob", **options)
            self.alice = self.person("alice")
        except Exception:
            self.close()
            raise

    def person(self, name, **options):
        driver = start_browser(**options)
        self._browsers.append(driver)
        return Page(driver, self._url, name, query=PICTURE).wait_connected()

    def close(self):
        for driver in self._browsers:
            driver.quit()

    def shoot(self, state):
        path = pathlib.Path(self._folder, f"{state}-{self._look}.png")
        self.bob.focus().save_screenshot(str(path))
        print(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)

    def home(self):
        self.shoot("home")

    def outgoing(self):
        self.bob.call("alice")
        self.bob.wait_call_state("ringing")
        wait_until(lambda: self.bob.is_shown("local-video"), "bob sees himself")
        self.shoot("outgoing")
        self.bob.hang_up()
        self.alice.wait_quiet()

    def incoming(self):
        self.alice.call("bob")
        self.bob.wait_ringing("alice")
        self.shoot("incoming")
        self.alice.hang_up()
        self.bob.wait_notice("You missed a call from alice.")

    def missed(self):
        self.shoot("missed")

    def call(self):
        self.alice.call("bob")
        self.bob.wait_ringing("alice")
        self.bob.pick_up()
        for page in (self.alice, self.bob):
            page.wait_video()
            wait_until(lambda: page.timings.get("firstFrame"), "the first frame is drawn")
        wait_until(lambda: len(self.bob.security_code) == 5, "the security code is there")
        wait_until(lambda: self.bob.received_lately > 5, "the statistics have something to draw")
        self.shoot("call")

    def security(self):
        self.bob.element("security").click()
        wait_until(lambda: self.bob.is_shown("security-names"), "the sheet is open")
        self.shoot("security")
        self.bob.focus().execute_script("document.getElementById('security-sheet').hidePopover()")

    def peer_muted(self):
        self.alice.element("mute").click()
        self.alice.element("camera").click()
        wait_until(lambda: self.bob.is_shown("peer-muted"), "bob is told that alice is muted")
        self.shoot("muted")
        self.bob.hang_up()

    def reconnecting(self):
        self.alice.call("bob")
        self.bob.wait_ringing("alice")
        self.bob.pick_up()
        self.bob.wait_video()
        self.alice.focus().execute_script("switchboard.call.peerConnection.close()")
        wait_until(lambda: self.bob.is_shown("interruption"), "bob's connection is lost")
        self.shoot("reconnecting")
        self.bob.hang_up()
        self.alice.reload()
        self.alice.wait_connected()

    def return_call(self):
        for page in (self.alice, self.bob):
            page.focus().execute_script(WITHOUT_PATH)
        Page.call_at_once((self.alice, "bob"), (self.bob, "alice"))
        wait_until(lambda: {page.call_state for page in (self.alice, self.bob)} == {"connecting"}, "both connect")
        returned = wait_until(
            lambda: [page for page in (self.alice, self.bob) if "calling you too" in page.text("call-state")],
            "one is told of the return call",
        )[0]
        if returned is self.bob:
            self.shoot("return-call")
        self.bob.hang_up()
        for page in (self.alice, self.bob):
            page.reload()
            page.wait_connected()
        if returned is not self.bob:
            self.return_call()

    def elsewhere(self):
        other = self.person("bob")
        self.alice.call("bob")
        self.bob.wait_ringing("alice")
        other.wait_ringing("alice")
        other.pick_up()
        self.bob.wait_notice("Answered on another of your devices.")
        wait_until(lambda: self.bob.is_shown("take-over"), "the call can be fetched")
        self.shoot("answered-elsewhere")
        other.hang_up()


def stories(url, folder):
    full = [
        Photographer.home, Photographer.outgoing, Photographer.incoming, Photographer.missed, Photographer.call,
        Photographer.security, Photographer.peer_muted, Photographer.reconnecting, Photographer.return_call, Photographer.elsewhere,
    ]
    for looks, states in ((LOOKS, full), (SWAPPED, [Photographer.incoming, Photographer.call])):
        for look, options in looks.items():
            photographer = Photographer(url, folder, look, options)
            try:
                for state in states:
                    state(photographer)
            finally:
                photographer.close()


def main(folder):
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    given = os.environ.get("SWITCHBOARD_URL")
    node = None if given else Node()
    try:
        stories(given or node.url, folder)
    finally:
        if node:
            node.close()


if __name__ == "__main__":
    main(sys.argv[1])
