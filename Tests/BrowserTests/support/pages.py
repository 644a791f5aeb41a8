"""The demo page, as a person uses it."""

import time

from selenium.webdriver.common.by import By

from .waiting import wait_until

FRAMES_DECODED = """
    const done = arguments[arguments.length - 1];
    const connection = window.switchboard.call?.peerConnection;
    if (!connection) return done(0);
    connection.getStats().then((stats) => {
        let frames = 0;
        for (const report of stats.values()) {
            if (report.type === "inbound-rtp" && report.kind === "video") frames += report.framesDecoded ?? 0;
        }
        done(frames);
    }, () => done(0));
"""


PRESS_CALL_AT = """
    const [callee, at] = arguments;
    const find = (name) => document.querySelector(`[data-testid=${name}]`);
    find("callee-input").value = callee;
    window.pressed = false;
    setTimeout(() => {
        find("call-button").click();
        window.pressed = true;
    }, at - Date.now());
"""


class Page:
    """One tab with the demo page. Windows of one browser may be used in turn."""

    def __init__(self, driver, url, name, *, new_window=False, query=""):
        self.driver = driver
        self.name = name
        if new_window:
            driver.switch_to.new_window("window")
        self.handle = driver.current_window_handle
        driver.get(f"{url}/?name={name}{query}")

    def close(self):
        """Hangs up and closes the window; the browser's first one stays."""
        driver = self.focus()
        driver.execute_script("switchboard.client?.close({ hangUp: true })")
        if len(driver.window_handles) > 1:
            driver.close()
            driver.switch_to.window(driver.window_handles[0])

    @classmethod
    def adopt(cls, driver, handle, name):
        """A window that a page has opened."""
        page = cls.__new__(cls)
        page.driver, page.handle, page.name = driver, handle, name
        return page

    # What a person does.

    def call(self, name, *, video=True):
        self.element("callee-input").clear()
        self.element("callee-input").send_keys(name)
        if self.element("with-video").is_selected() != video:
            self.element("with-video").click()
        self.element("call-button").click()

    def pick_up(self):
        self.element("accept").click()

    def pick_up_without_video(self):
        self.element("accept-audio").click()

    def decline(self):
        self.element("decline").click()

    def ignore(self):
        self.element("ignore").click()

    def take_over(self):
        wait_until(lambda: self.is_shown("take-over"), f"{self.name} can fetch the call")
        self.element("take-over").click()

    def hang_up(self):
        self.element("hangup").click()

    def reload(self):
        self.focus().refresh()

    @staticmethod
    def call_at_once(*pages_and_callees, seconds=30):
        """Several pages press "call" at the same moment, as nearly as their machine's one clock allows."""
        at = (time.time() + 0.5) * 1_000
        for page, callee in pages_and_callees:
            page.focus().execute_script(PRESS_CALL_AT, callee, at)
        for page, _ in pages_and_callees:
            wait_until(lambda: page.focus().execute_script("return window.pressed"), "call is pressed", seconds)

    # What a person sees.

    def wait_connected(self):
        wait_until(
            lambda: self.element("connection").get_attribute("data-state") == "connected", f"{self.name} connected"
        )
        return self

    def wait_ringing(self, caller):
        wait_until(
            lambda: self.is_shown("accept") and caller in self.text("incoming-from"),
            f"{self.name}'s page shows {caller}'s call",
        )

    def wait_quiet(self):
        wait_until(lambda: not self.is_shown("incoming"), f"{self.name}'s page rings no more")

    def wait_call_state(self, *states, seconds=30.0):
        wait_until(lambda: self.call_state in states, f"{self.name}'s call is {' or '.join(states)}", seconds)

    def wait_notice(self, text):
        wait_until(lambda: text in self.text("notice"), f"{self.name} is told “{text}”")

    def wait_video(self, seconds=30.0):
        """Frames of the other side are decoded and drawn; returns how many were decoded by then."""
        frames = wait_until(lambda: self.frames_decoded, f"{self.name} decodes video frames", seconds)
        wait_until(
            lambda: self.focus().execute_script(
                "return document.querySelector('[data-testid=remote-video]').videoWidth > 0"
            ),
            f"{self.name} sees the other side",
            seconds,
        )
        return frames

    # What lies behind it.

    @property
    def node(self):
        return self.focus().execute_script("return window.switchboard.client?.node")

    @property
    def device(self):
        return self.focus().execute_script("return window.switchboard.client?.device")

    @property
    def call_id(self):
        return self.focus().execute_script("return window.switchboard.call?.id")

    @property
    def call_state(self):
        return self.focus().execute_script("return window.switchboard.call?.state")

    @property
    def timings(self):
        return self.focus().execute_script("return window.switchboard.call?.timings")

    @property
    def timings_of_ringing(self):
        """Of the call that rings here, before anybody picked up."""
        return self.focus().execute_script("return window.switchboard.client.calls.at(-1)?.timings ?? {}")

    @property
    def security_code(self):
        """What the five pictures are called; empty if there are none."""
        return self.focus().execute_script("return (switchboard.call?.securityCode ?? []).map(({ name }) => name)")

    @property
    def received_lately(self):
        """How many points the graph of the statistics has."""
        return self.focus().execute_script("return document.querySelector('.graph polyline').points.numberOfItems")

    @property
    def live_calls(self):
        """Ids of the calls of this device that have not ended."""
        return self.focus().execute_script("return switchboard.client.calls.map(({ id }) => id)")

    @property
    def missed_calls(self):
        """How many the list of calls says were missed."""
        return self.focus().execute_script(
            "return document.querySelectorAll('[data-testid=recent-call][data-missed=true]').length"
        )

    def figure(self, column, name):
        """A cell of the live figures, shown or not."""
        return self.focus().execute_script(
            "return document.querySelector(arguments[0]).textContent",
            f"[data-column='{column}'][data-figure='{name}']",
        )

    def text_of_note(self, name):
        """Of a pill over the picture; empty while it is not shown."""
        return self.focus().find_element(By.CSS_SELECTOR, f"[data-note={name}]").text

    @property
    def own_tracks(self):
        """Kinds of what this side sends."""
        return self.focus().execute_script(
            "return (switchboard.call.localStream?.getTracks() ?? []).map(({ kind }) => kind).sort()"
        )

    def packets_received(self, kind):
        return self.focus().execute_async_script(AUDIO_RECEIVED if kind == "audio" else VIDEO_RECEIVED)

    @property
    def frames_decoded(self):
        return self.focus().execute_async_script(FRAMES_DECODED)

    def reconnect(self):
        """Leaves the node and connects again, perhaps to another one."""
        self.focus().execute_async_script("""
            const done = arguments[arguments.length - 1];
            window.switchboard.client.close();
            window.switchboard.client.connect().then(done, done);
        """)

    # Elements.

    def focus(self):
        if self.driver.current_window_handle != self.handle:
            self.driver.switch_to.window(self.handle)
        return self.driver

    def element(self, test_id):
        return self.focus().find_element(By.CSS_SELECTOR, f'[data-testid="{test_id}"]')

    def text(self, test_id):
        return self.element(test_id).text

    def is_shown(self, test_id):
        return self.element(test_id).is_displayed()


VIDEO_RECEIVED = """
    const done = arguments[arguments.length - 1];
    switchboard.call.peerConnection.getStats().then((stats) => {
        const videos = [...stats.values()].filter(({ type, kind }) => type === "inbound-rtp" && kind === "video");
        done(videos.reduce((sum, { packetsReceived }) => sum + packetsReceived, 0));
    });
"""
AUDIO_RECEIVED = VIDEO_RECEIVED.replace('kind === "video"', 'kind === "audio"')


def assert_talking(test, caller, callee, seconds=30.0):
    """Both sides are connected and decode frames of each other, and more of them as time goes on."""
    for page in (caller, callee):
        page.wait_call_state("active", seconds=seconds)
    for page in (caller, callee):
        frames = page.wait_video(seconds)
        wait_until(lambda: page.frames_decoded > frames, f"{page.name} decodes more frames", seconds)
        test.assertIn("iceConnected", page.timings)
