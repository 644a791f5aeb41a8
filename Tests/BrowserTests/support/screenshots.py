"""Takes the pictures of the demo page that the documents show. Run by Scripts/screenshots."""

import os
import pathlib
import sys

from .browsers import start_browser
from .pages import Page
from .servers import ROOT, Node
from .waiting import wait_until

WIDE = {"width": 1280, "height": 760}
PHONE = {"width": 360, "height": 740, "scale": 2, "dark": True}
# A drawn picture: Chromium's fake camera is a green square, and nobody's face belongs in a repository.
PICTURE = "&camera=picture"


def shoot(page, folder, name):
    path = pathlib.Path(folder, f"{name}.png")
    page.focus().save_screenshot(str(path))
    print(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def call_in(url, folder, name, caller_options, callee_options):
    """One call: the callee's incoming screen and both sides of the talk."""
    browsers = [start_browser(**caller_options), start_browser(**callee_options)]
    try:
        alice = Page(browsers[0], url, "alice", query=PICTURE).wait_connected()
        bob = Page(browsers[1], url, "bob", query=PICTURE).wait_connected()
        alice.call("bob")
        bob.wait_ringing("alice")
        shoot(bob, folder, f"incoming-{name}")
        bob.pick_up()
        for page in (alice, bob):
            page.wait_video()
            wait_until(lambda: page.timings.get("firstFrame"), "the first frame is drawn")
        wait_until(lambda: bob.text("call-state") not in ("", "0:00", "0:01"), "the clock of the call runs")
        shoot(bob, folder, f"call-{name}")
    finally:
        for browser in browsers:
            browser.quit()


def main(folder):
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    given = os.environ.get("SWITCHBOARD_URL")
    node = None if given else Node()
    try:
        url = given or node.url
        call_in(url, folder, "wide", PHONE, WIDE)
        call_in(url, folder, "phone", WIDE, PHONE)
    finally:
        if node:
            node.close()


if __name__ == "__main__":
    main(sys.argv[1])
