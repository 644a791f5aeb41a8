"""The browser SDK by itself: what an application can rely on, with real media, through one node."""

import pathlib
import re
import unittest

from support.browsers import BrowserTestCase
from support.firefox import Firefox
from support.sdk_page import SdkPage
from support.servers import ROOT, Node
from support.waiting import wait_until


class SdkTestCase(BrowserTestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.addClassCleanup(lambda: cls.node.close())

    def setUp(self):
        super().setUp()
        self.pages = []

    def page(self, user, *, beside=None, firefox=False, **options):
        driver = beside.driver if beside else self.next_browser(firefox)
        page = SdkPage(driver, self.node.url, user, new_window=True, **options)
        self.addCleanup(page.close)
        self.pages.append(page)
        return page

    def next_browser(self, firefox):
        """Two people in turn have two machines."""
        if firefox:
            return self.shared_browser("firefox", Firefox)
        last = self.pages[-1].driver if self.pages else None
        return self.shared_browser("second" if last is self.shared_browser("first") else "first")

    def talking(self, caller, callee):
        for page in (caller, callee):
            page.wait_state("active")
        for page in (caller, callee):
            page.wait_frames()

    def assert_same_code(self, one, other):
        code = wait_until(lambda: one.security_code, f"{one.user} has a security code")
        wait_until(lambda: other.security_code == code, f"{other.user} has the same security code")
        self.assertEqual(len(code), 5)
        return code

    def called(self, caller, callee, **media):
        """A call that was picked up and has media."""
        caller.call(callee.user, **media)
        callee.wait_event("incoming")
        callee.accept()
        self.talking(caller, callee)


class CallTests(SdkTestCase):
    def test_security_codes_are_the_same_on_both_ends_and_statistics_flow(self):
        alice, bob = self.page("alice"), self.page("bob")
        self.called(alice, bob)
        self.assert_same_code(alice, bob)
        statistics = wait_until(
            lambda: alice.run("return sdk.statistics?.received.video?.kbps > 0 && sdk.statistics"), "statistics"
        )
        self.assertEqual(statistics["path"]["relayed"], False)
        self.assertIn("video/", statistics["sent"]["video"]["codec"])
        self.assertIn("roundTripMs", statistics)
        self.assert_no_page_errors()

    def test_codecs_in_the_wanted_order_and_bitrates_within_their_bounds(self):
        wanted = {
            "codecs": {"video": "H264"},
            "bitrate": {"video": {"minKbps": 50, "startKbps": 100, "maxKbps": 120}, "audio": {"maxKbps": 16}},
        }
        alice, bob = self.page("hedda", **wanted), self.page("hal", **wanted)
        self.called(alice, bob)
        for page in (alice, bob):
            sent = wait_until(
                lambda page=page: page.run("return sdk.statistics?.sent.video?.codec && sdk.statistics.sent"), "statistics"
            )
            self.assertEqual((sent["video"]["codec"], sent["audio"]["codec"]), ("video/H264", "audio/opus"))
        kbps = "return sdk.statistics.sent.video.kbps"
        wait_until(lambda: 20 < alice.run(kbps) < 150, "the video keeps within its bounds")
        alice.run("sdk.call.setBitrate({ video: { maxKbps: 1500 } })")
        wait_until(lambda: alice.run(kbps) > 200, "and takes more when it may")
        self.assert_no_page_errors()

    def test_call_cancel_call_again_within_200_ms(self):
        alice, bob = self.page("amy"), self.page("bert")
        first, second = alice.focus().execute_async_script("""
            const done = arguments[arguments.length - 1];
            const first = sdk.client.call("bert");
            setTimeout(() => {
                first.hangup();
                setTimeout(() => done([first.id, sdk.client.call("bert").id]), 100);
            }, 100);
        """)
        wait_until(lambda: bob.run("return sdk.client.calls.map(({ id }) => id)") == [second], "only the second rings")
        bob.accept()
        self.talking(alice, bob)
        self.assertNotEqual(first, second)

    def test_a_voice_call_becomes_a_video_call(self):
        alice, bob = self.page("ada"), self.page("ben")
        alice.call("ben", video=False)
        bob.wait_event("incoming")
        bob.accept()
        for page in (alice, bob):
            page.wait_state("active")
        alice.run("sdk.call.openMedia({ video: true })")
        bob.wait_frames()
        bob.run("sdk.call.openMedia({ video: true })")
        alice.wait_frames()
        self.assert_same_code(alice, bob)

    def test_a_screen_in_place_of_the_camera_and_back(self):
        alice, bob = self.page("ann"), self.page("bill")
        self.called(alice, bob)
        # Encoders make a picture smaller at will, but do not change its shape; no camera is square.
        square = "return sdk.video.videoWidth > 0 && sdk.video.videoWidth === sdk.video.videoHeight"
        self.assertFalse(bob.run(square))
        alice.run("""
            const canvas = Object.assign(document.createElement("canvas"), { width: 300, height: 300 });
            const context = canvas.getContext("2d");
            setInterval(() => context.fillRect(Math.random() * 300, Math.random() * 300, 9, 9), 50);
            sdk.call.shareScreen(canvas.captureStream(20));
        """)
        wait_until(lambda: bob.run(square), "bill sees the screen")
        self.assertEqual(bob.run("return sdk.call.screen.remote"), True)
        alice.run("sdk.call.stopSharing()")
        wait_until(lambda: not bob.run(square), "bill sees the camera again")
        self.assertEqual(bob.run("return sdk.call.screen.remote"), False)


class GuideTests(SdkTestCase):
    def test_the_first_call_of_the_guide(self):
        guide = (ROOT / "docs" / "BROWSER-SDK.md").read_text()
        example = re.search(r"```js\n(.*?)```", guide, re.DOTALL).group(1)
        example = re.sub(r"import (\{.*?\}) from (\".*?\");", r"const \1 = await import(\2);", example)
        example = example.replace("wss://calls.example.org", self.node.url.replace("http", "ws"))
        token = "(await (await fetch('/demo/token', request)).json()).token"
        example = example.replace('(await fetch("/my/token")).text()', token)
        drivers = [self.browser(), self.browser()]
        for driver, user in zip(drivers, ["gil", "gus"]):
            driver.get(self.node.url)
            failure = driver.execute_async_script(
                """
                const [user, done] = arguments;
                const elements = { video: "remote local", output: "state", input: "peer", button: "call pickup hangup" };
                for (const [tag, names] of Object.entries(elements)) {
                    for (const name of names.split(" ")) {
                        const id = `guide-${name}`;
                        document.body.append(Object.assign(document.createElement(tag), { id, autoplay: true }));
                    }
                }
                const request = { method: "POST", headers: { "Content-Type": "application/json" },
                    body: JSON.stringify({ user }) };
                (async () => {
                """
                + example.replace("getElementById(id)", "getElementById(`guide-${id}`)")
                + "})().then(() => done(null), (error) => done(String(error)));",
                user,
            )
            self.assertIsNone(failure)
        caller, callee = drivers
        caller.execute_script("""
            document.getElementById("guide-peer").value = "gus";
            document.getElementById("guide-call").click();
        """)
        state = "return document.getElementById('guide-state').textContent"
        picking = "document.getElementById('guide-pickup').onclick?.(); return true"
        wait_until(lambda: callee.execute_script(picking) and callee.execute_script(state) == "active", "gus talks")
        for driver in drivers:
            playing = "return document.getElementById('guide-remote').videoWidth > 0"
            wait_until(lambda driver=driver: driver.execute_script(playing), "the other side is seen")
        caller.execute_script("document.getElementById('guide-hangup').click()")
        wait_until(lambda: callee.execute_script(state) == "hangup", "gus sees the end")


class ManInTheMiddleTests(SdkTestCase):
    def test_who_puts_himself_between_gives_each_side_another_code(self):
        script = (pathlib.Path(__file__).parent / "support" / "man_in_the_middle.js").read_text()
        alice, bob = self.page("trudy-a", prelude=script), self.page("trudy-b")
        alice.call(bob.user)
        bob.wait_event("incoming")
        bob.accept()
        # To both of them everything looks as it should.
        for page in (alice, bob):
            page.wait_state("active")
        codes = [wait_until(lambda page=page: page.security_code, f"{page.user} has a code") for page in (alice, bob)]
        self.assertNotEqual(*codes)


class FirefoxTests(SdkTestCase):
    def test_a_call_between_the_two_browsers_in_both_directions(self):
        for caller_is_firefox in (True, False):
            with self.subTest(caller_is_firefox=caller_is_firefox):
                suffix = "f" if caller_is_firefox else "c"
                alice = self.page(f"fay-{suffix}", firefox=caller_is_firefox)
                bob = self.page(f"cid-{suffix}", firefox=not caller_is_firefox)
                self.called(alice, bob)
                self.assert_same_code(alice, bob)
                for page in (alice, bob):
                    statistics = wait_until(
                        lambda page=page: page.run("return sdk.statistics?.received.video?.kbps > 0 && sdk.statistics"),
                        f"{page.user}'s statistics",
                    )
                    self.assertIn("path", statistics)
                alice.run("window.dispatchEvent(new Event('online'))")
                self.talking(alice, bob)

    def test_reloads_and_a_camera_that_comes_later(self):
        alice, bob = self.page("fee", firefox=True), self.page("kim")
        alice.call("kim", video=False)
        bob.wait_event("incoming")
        bob.accept()
        for page in (alice, bob):
            page.wait_state("active")
        alice.run("sdk.call.openMedia({ video: true })")
        bob.wait_frames()
        bob.run("sdk.call.openMedia({ video: true })")
        alice.wait_frames()
        for page in (alice, bob):
            page.reload()
            page.wait_event("restored")
            self.talking(alice, bob)
        self.assert_same_code(alice, bob)


class NetworkTests(SdkTestCase):
    def test_ice_restarts_when_the_network_changes_and_media_go_on(self):
        alice, bob = self.page("alma"), self.page("basil")
        self.called(alice, bob)
        code = self.assert_same_code(alice, bob)
        fragment = "return /a=ice-ufrag:(\\S+)/.exec(sdk.call.peerConnection.currentLocalDescription.sdp)[1]"
        before = [page.run(fragment) for page in (alice, bob)]
        bob.run("window.dispatchEvent(new Event('online'))")
        wait_until(lambda: [alice.run(fragment), bob.run(fragment)] != before, "other ICE credentials")
        self.talking(alice, bob)
        self.assertEqual(alice.security_code, code)
        self.assert_no_page_errors()

    def test_the_network_changes_while_it_rings(self):
        for firefox in (None, "caller", "callee"):
            with self.subTest(firefox=firefox):
                alice = self.page(f"agnes-{firefox}", firefox=firefox == "caller")
                bob = self.page(f"boris-{firefox}", firefox=firefox == "callee")
                alice.call(bob.user)
                bob.wait_event("incoming")
                fragment = "return /a=ice-ufrag:(\\S+)/.exec(sdk.call.peerConnection.pendingLocalDescription.sdp)[1]"
                before = alice.run(fragment)
                for page in (alice, bob):
                    page.run("window.dispatchEvent(new Event('online'))")
                wait_until(lambda: alice.run(fragment) != before, "the offer is revised")
                bob.accept()
                self.talking(alice, bob)
                self.assert_same_code(alice, bob)


class ReloadTests(SdkTestCase):
    def reload_in_call(self, who):
        caller, callee = self.page(f"{who}-anton"), self.page(f"{who}-berta")
        self.called(caller, callee)
        code = self.assert_same_code(caller, callee)
        reloaded, other = (caller, callee) if who == "caller" else (callee, caller)
        call_id, device = reloaded.call_id, reloaded.device
        reloaded.reload()
        self.assertEqual(reloaded.device, device)
        reloaded.wait_event("restored")
        self.assertEqual(reloaded.call_id, call_id)
        self.talking(caller, callee)
        self.assertNotEqual(self.assert_same_code(caller, callee), code)
        self.assertEqual(other.events("problem"), [])
        other.hang_up()
        reloaded.wait_state("ended")

    def test_the_caller_reloads_his_page_in_a_call(self):
        self.reload_in_call("caller")

    def test_the_callee_reloads_his_page_in_a_call(self):
        self.reload_in_call("callee")

    def test_both_reload_at_once(self):
        alice, bob = self.page("xenia"), self.page("yves")
        self.called(alice, bob)
        for page in (alice, bob):
            page.focus().refresh()
        for page in (alice, bob):
            page.begin()
        self.talking(alice, bob)
        self.assert_same_code(alice, bob)

    def test_reloads_while_it_rings(self):
        for who in ("caller", "callee"):
            with self.subTest(who):
                alice, bob = self.page(f"ring-{who}-a"), self.page(f"ring-{who}-b")
                alice.call(bob.user)
                bob.wait_event("incoming")
                reloaded = alice if who == "caller" else bob
                reloaded.reload()
                reloaded.wait_event("restored")
                self.assertEqual(bob.state, "ringing")
                bob.accept()
                self.talking(alice, bob)
                self.assert_same_code(alice, bob)

    def test_a_call_that_ended_meanwhile_is_not_restored(self):
        alice, bob = self.page("ida"), self.page("jan")
        self.called(alice, bob)
        bob.driver.get("about:blank")
        alice.hang_up()
        bob.driver.get(self.node.url)
        bob.begin()
        self.assertEqual(bob.events("restored"), [])
        self.assertEqual(bob.run("return sdk.client.calls.length"), 0)


class StorageTests(SdkTestCase):
    def test_a_database_of_the_first_version_is_taken_over_and_keeps_calls_too(self):
        driver = self.browser()
        driver.get(self.node.url)
        found = driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            const request = indexedDB.open("old", 1);
            request.onupgradeneeded = () => {
                const stores = { devices: "device", conversations: ["device", "conversation"],
                    sends: ["device", "conversation", "number"] };
                for (const [name, keyPath] of Object.entries(stores)) request.result.createObjectStore(name, { keyPath });
                request.transaction.objectStore("devices").put({ device: "d", outbox: "o", usedAt: Date.now() });
            };
            request.onsuccess = async () => {
                request.result.close();
                const { IndexedDBStorage } = await import("/sdk/index.js");
                const storage = await IndexedDBStorage.open("old");
                await storage.storeCall("d", { id: "c1", version: 1 });
                await storage.storeCall("d", { id: "c2", version: 1 });
                await storage.storeCall("other", { id: "c3", version: 1 });
                await storage.forgetCall("d", "c1");
                done([(await storage.load("d")).outbox, await storage.loadCalls("d")]);
            };
        """)
        self.assertEqual(found, ["o", [{"id": "c2", "version": 1}]])


class GlareTests(SdkTestCase):
    def test_both_call_at_once_and_have_one_call(self):
        alice, bob = self.page("gina"), self.page("hugo")
        for _ in range(3):
            alice.run("setTimeout(() => sdk.client.call('hugo'), 300)")
            bob.run("setTimeout(() => sdk.client.call('gina'), 100)")
            wait_until(lambda: alice.state == "active" and bob.state == "active", "both are in a call")
            wait_until(lambda: alice.call_id == bob.call_id, "it is the same call")
            self.talking(alice, bob)
            self.assert_same_code(alice, bob)
            self.assertEqual(
                sorted(page.run("return sdk.call.role") for page in (alice, bob)), ["callee", "caller"]
            )
            alice.hang_up()
            bob.wait_state("ended")
            for page in (alice, bob):
                self.assertEqual(page.run("return sdk.client.calls.length"), 0)


class HandoverTests(SdkTestCase):
    def hand_over(self, whose):
        alice, bob = self.page(f"{whose}-alice"), self.page(f"{whose}-bob")
        mover, stayer = (alice, bob) if whose == "caller" else (bob, alice)
        second = self.page(mover.user, beside=mover)
        self.called(alice, bob)
        code = self.assert_same_code(alice, bob)
        elsewhere = wait_until(lambda: second.run("return sdk.client.elsewhere"), "the second device hears of it")
        self.assertEqual([entry["callId"] for entry in elsewhere], [alice.call_id])
        second.run("sdk.client.takeOver(arguments[0])", alice.call_id)
        second.wait_state("active")
        mover.wait_state("ended")
        self.assertEqual(mover.run("return sdk.call.endReason"), "replaced")
        second.wait_frames()
        stayer.wait_frames()
        self.assertEqual([event["state"] for event in stayer.events("handover")], ["started", "completed"])
        self.assertNotIn("reconnecting", [event["state"] for event in stayer.events("state")])
        self.assertNotEqual(self.assert_same_code(second, stayer), code)
        stayer.hang_up()
        second.wait_state("ended")

    def test_the_callee_takes_the_call_to_another_device(self):
        self.hand_over("callee")

    def test_the_caller_takes_the_call_to_another_device(self):
        self.hand_over("caller")

    def test_a_device_that_changes_its_mind_changes_nothing(self):
        alice, bob = self.page("mia"), self.page("noa")
        second = self.page("noa", beside=bob)
        self.called(alice, bob)
        wait_until(lambda: second.run("return sdk.client.elsewhere.length"), "the second device hears of it")
        second.run("sdk.client.takeOver(arguments[0]).hangup()", alice.call_id)
        second.wait_state("ended")
        wait_until(
            lambda: [event["state"] for event in alice.events("handover")] in ([], ["started", "failed"]),
            "alice's page has forgotten the attempt",
        )
        self.talking(alice, bob)
        self.assertEqual(second.run("return sdk.client.elsewhere.length"), 1)


if __name__ == "__main__":
    unittest.main()
