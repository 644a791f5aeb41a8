"""A page that uses the browser SDK without any user interface: what an application would do, by script."""

import json

from .waiting import wait_until

# Kept in the page as `sdk`: the client, the present call, and what was heard of both.
HARNESS = """
    const [user, options, done] = arguments;
    (async () => {
        const { SwitchboardClient } = await import("/sdk/index.js");
        const getToken = async () => {
            const headers = { "Content-Type": "application/json" };
            const body = JSON.stringify({ user });
            return (await (await fetch("/demo/token", { method: "POST", headers, body })).json()).token;
        };
        const url = `${location.origin.replace("http", "ws")}/v1/connect`;
        const environment = window.testEnvironment;
        const client = new SwitchboardClient({ url, getToken, statisticsIntervalMs: 500, environment, ...options });
        const video = document.createElement("video");
        Object.assign(video, { muted: true, autoplay: true, playsInline: true });
        document.body.append(video);
        const sdk = (window.sdk = { client, call: null, events: [], video });
        const told = ["state", "glare", "handover", "security", "problem", "peer", "videopause"];
        const follow = (call) => {
            sdk.call = call;
            video.srcObject = call.remoteStream;
            call.addEventListener("statistics", ({ detail }) => (sdk.statistics = detail));
            const note = ({ type, detail }) => sdk.events.push([type, JSON.parse(JSON.stringify(detail))]);
            for (const type of told) call.addEventListener(type, note);
        };
        for (const type of ["incoming", "call", "restored"]) {
            client.addEventListener(type, ({ detail: { call } }) => {
                sdk.events.push([type, { peer: call.peer }]);
                follow(call);
            });
        }
        client.addEventListener("problem", ({ detail }) => sdk.events.push(["problem", detail]));
        await client.connect();
        return client.device;
    })().then(done, (error) => done(`failed: ${error.stack ?? error}`));
"""

FRAMES = """
    const done = arguments[arguments.length - 1];
    Promise.resolve(window.sdk?.call?.statistics()).then(
        (statistics) => done(statistics?.received.video?.frames ?? 0), () => done(0));
"""


class SdkPage:
    """One tab. Windows of one browser may be used in turn."""

    def __init__(self, driver, url, user, *, new_window=False, prelude="", **options):
        """`prelude`: a script that runs first, and may leave a `testEnvironment`. `options`: the client's."""
        self.driver, self.url, self.user, self.options = driver, url, user, options
        if new_window:
            driver.switch_to.new_window("window")
        self.handle = driver.current_window_handle
        driver.get(url)
        self.run(prelude)
        self.begin()

    def begin(self):
        """Connects; again after a reload."""
        self.device = self.focus().execute_async_script(HARNESS, self.user, self.options)
        if str(self.device).startswith("failed"):
            raise AssertionError(f"{self.user}'s page: {self.device}")

    def reload(self):
        self.focus().refresh()
        self.begin()

    def close(self):
        """Hangs up and closes the window; the browser's first one stays."""
        driver = self.focus()
        self.run("window.sdk?.client.close({ hangUp: true })")
        if len(driver.window_handles) > 1:
            driver.close()
            driver.switch_to.window(driver.window_handles[0])

    def run(self, script, *arguments):
        return self.focus().execute_script(script, *arguments)

    def call(self, peer, **media):
        self.run("sdk.client.call(arguments[0], arguments[1])", peer, media)

    def accept(self, **media):
        self.run("sdk.call.accept(arguments[0])", media)

    def hang_up(self):
        self.run("sdk.call.hangup()")

    @property
    def state(self):
        return self.run("return sdk.call?.state")

    @property
    def call_id(self):
        return self.run("return sdk.call?.id")

    @property
    def security_code(self):
        return self.run("return sdk.call?.securityCode?.map(({ emoji }) => emoji)")

    @property
    def frames(self):
        """Frames of the other side decoded so far, on the connection in use."""
        return self.focus().execute_async_script(FRAMES)

    def events(self, kind):
        return self.run("return sdk.events.filter(([type]) => type === arguments[0]).map(([, detail]) => detail)", kind)

    def wait_state(self, *states, seconds=30.0):
        wait_until(lambda: self.state in states, f"{self.user}'s call is {' or '.join(states)}", seconds)

    def wait_frames(self, seconds=30.0):
        """The picture of the other side moves."""
        frames = wait_until(lambda: self.frames, f"{self.user} decodes frames", seconds)
        wait_until(lambda: self.frames > frames, f"{self.user} decodes more frames", seconds)

    def wait_event(self, kind, seconds=30.0):
        return wait_until(lambda: self.events(kind), f"{self.user} hears of {kind}", seconds)

    def focus(self):
        if self.driver.current_window_handle != self.handle:
            self.driver.switch_to.window(self.handle)
        return self.driver

    def describe(self):
        """For the message of a test that failed."""
        return json.dumps(self.run("""
            const { client, call, events } = sdk;
            const pc = call?.peerConnection;
            return { user: client.user, state: call?.state, reason: call?.endReason, role: call?.role, events,
                signaling: pc?.signalingState, ice: pc?.iceConnectionState };
        """), ensure_ascii=False)
