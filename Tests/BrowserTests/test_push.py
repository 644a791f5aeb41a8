"""Ringing while no page is open: from the switch on the page to the notification that opens it again.

The browser's own push service cannot be reached by a test. One on loopback takes its place: the page gets a
subscription whose keys the test made, the node pushes to it, and what it decrypts is handed to the service worker by
DevTools.
"""

import itertools
import json
import unittest

from support.browsers import BrowserTestCase
from support.devtools import ServiceWorkerHandle
from support.pages import Page, assert_talking
from support.push_service import PushService
from support.servers import Node
from support.waiting import wait_until

# Before any script of the page: its subscription is the test's.
SUBSCRIPTION = """
    const subscription = {
        ...%s,
        options: {},
        toJSON: () => (%s),
        unsubscribe: async () => localStorage.removeItem("subscribed"),
    };
    const subscribed = () => (localStorage.getItem("subscribed") ? subscription : null);
    PushManager.prototype.getSubscription = async () => subscribed();
    PushManager.prototype.subscribe = async () => {
        localStorage.setItem("subscribed", "yes");
        return subscription;
    };
"""


class PushTests(BrowserTestCase):
    counter = itertools.count(1)

    @classmethod
    def setUpClass(cls):
        cls.service = PushService()
        cls.addClassCleanup(cls.service.close)
        cls.node = Node(environment=cls.service.node_settings)
        cls.addClassCleanup(lambda: cls.node.close())

    def setUp(self):
        super().setUp()
        # Other people in each test: what one leaves behind must not ring in the next.
        alice, bob = (f"{name}-{next(self.counter)}" for name in ("alice", "bob"))
        self.service.pushes.clear()
        self.alice = Page(self.shared_browser(), self.node.url, alice, new_window=True).wait_connected()
        self.addCleanup(self.alice.close)
        self.machine = self.browser()
        subscription = json.dumps(self.service.subscription)
        self.machine.execute_cdp_cmd(
            "Page.addScriptToEvaluateOnNewDocument", {"source": SUBSCRIPTION % (subscription, subscription)}
        )
        self.machine.execute_cdp_cmd(
            "Browser.grantPermissions", {"origin": self.node.url, "permissions": ["notifications"]}
        )
        self.bob = Page(self.machine, self.node.url, bob).wait_connected()

    def switch_on(self):
        wait_until(lambda: self.bob.is_shown("push-switch"), "the node offers push")
        self.bob.element("push-switch").click()
        wait_until(lambda: self.bob.element("push-switch").get_attribute("aria-checked") == "true", "it is on")

    def leave_the_page(self):
        """Bob's page is closed; what is left of it in his browser is the service worker."""
        self.machine.get(f"{self.node.url}/favicon.svg")
        worker = ServiceWorkerHandle(self.machine, self.node.url)
        self.addCleanup(worker.close)
        return worker

    def endpoints(self):
        return self.bob.focus().execute_async_script("""
            const [user, done] = arguments;
            (async () => {
                const { PushEndpoints } = await import("/sdk/index.js");
                const { demoToken } = await import("/sign-in.js");
                return new PushEndpoints({ getToken: () => demoToken(user) }).list();
            })().then(done, (error) => done(String(error)));
        """, self.bob.name)

    def test_the_switch_registers_this_browser_and_takes_it_back(self):
        self.switch_on()
        [endpoint] = self.endpoints()
        self.assertEqual(
            (endpoint["provider"], endpoint["target"]), ("web_push", self.service.subscription["endpoint"])
        )
        self.bob.reload()
        self.bob.wait_connected()
        wait_until(lambda: self.bob.element("push-switch").get_attribute("aria-checked") == "true", "it is still on")
        self.bob.element("push-switch").click()
        wait_until(lambda: self.bob.element("push-switch").get_attribute("aria-checked") == "false", "it is off")
        self.assertEqual(self.endpoints(), [])

    def test_it_rings_from_the_background(self):
        self.switch_on()
        worker = self.leave_the_page()
        self.alice.call(self.bob.name)
        push = self.service.wait_push("invite")
        tag = self.alice.call_id.replace("-", "")
        self.assertEqual(push["headers"]["topic"], tag)
        worker.push(push["payload"])
        [shown] = wait_until(worker.notifications, "a notification")
        self.assertEqual((shown["title"], shown["tag"]), (f"{self.alice.name} is calling", tag))

        opened = worker.click(tag)
        self.assertEqual(worker.notifications(), [])
        self.machine.get(self.node.url + opened)
        self.bob.wait_ringing(self.alice.name)
        self.bob.pick_up()
        assert_talking(self, self.alice, self.bob)
        self.assertNotIn("push", self.machine.current_url)

    def test_a_call_that_is_over_leaves_no_ringing_notification(self):
        self.switch_on()
        worker = self.leave_the_page()
        self.alice.call(self.bob.name)
        invite = self.service.wait_push("invite")["payload"]
        worker.push(invite)
        wait_until(worker.notifications, "a notification")
        self.alice.hang_up()
        worker.push(self.service.wait_push("cancel")["payload"])
        wait_until(
            lambda: [each["title"] for each in worker.notifications()] == [f"Missed call from {self.alice.name}"],
            "the missed call takes the place of the ringing one",
        )
        ringing = f"{self.alice.name} is calling"
        # One that was dealt with on another device is nothing to tell.
        worker.push(invite)
        wait_until(lambda: [each["title"] for each in worker.notifications()] == [ringing], "it rings again")
        worker.push({**invite, "type": "cancel", "reason": "answered_elsewhere"})
        wait_until(lambda: worker.notifications() == [], "no notification is left")

    def test_a_notification_that_is_clicked_too_late_opens_the_page_on_a_missed_call(self):
        self.switch_on()
        worker = self.leave_the_page()
        self.alice.call(self.bob.name)
        worker.push(self.service.wait_push("invite")["payload"])
        wait_until(worker.notifications, "a notification")
        tag = self.alice.call_id.replace("-", "")
        self.alice.hang_up()
        self.machine.get(self.node.url + worker.click(tag))
        self.bob.wait_notice(f"You missed a call from {self.alice.name}.")
        self.bob.wait_quiet()


if __name__ == "__main__":
    unittest.main()
