"""Calls between browsers through one node, with nothing else installed."""

import unittest

from support.browsers import BrowserTestCase
from support.pages import Page, assert_talking
from support.servers import Node
from support.waiting import wait_until


class StandaloneTestCase(BrowserTestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.addClassCleanup(lambda: cls.node.close())

    def page(self, name, **options):
        return Page(self.browser(), self.node.url, name, **options).wait_connected()


class CallTests(StandaloneTestCase):
    def test_two_pages_see_each_other_and_the_second_device_hears_that_it_was_answered(self):
        alice = self.page("alice")
        bob = self.page("bob")
        bob_too = Page(bob.driver, self.node.url, "bob", new_window=True).wait_connected()
        self.assertNotEqual(bob.device, bob_too.device)

        alice.call("bob")
        bob.wait_ringing("alice")
        bob_too.wait_ringing("alice")
        alice.wait_call_state("ringing")
        bob.pick_up()

        assert_talking(self, alice, bob)
        bob_too.wait_quiet()
        bob_too.wait_notice("Answered on another of your devices.")
        wait_until(lambda: alice.timings.get("firstFrame"), "the first frame is drawn")

        alice.hang_up()
        alice.wait_notice("has ended")
        bob.wait_notice("has ended")
        self.assert_no_page_errors()

    def test_declining_on_one_device_ends_it_for_all(self):
        alice = self.page("ann")
        bob = self.page("ben")
        bob_too = Page(bob.driver, self.node.url, "ben", new_window=True).wait_connected()
        alice.call("ben")
        bob.wait_ringing("ann")
        bob_too.wait_ringing("ann")
        bob.decline()
        alice.wait_notice("ben declined.")
        bob_too.wait_quiet()
        bob_too.wait_notice("Declined on another of your devices.")
        self.assert_no_page_errors()


class OutageTests(BrowserTestCase):
    def test_what_the_user_does_while_the_node_is_down_counts_when_it_is_back(self):
        node = Node()
        self.addCleanup(lambda: node.close())
        alice = Page(self.browser(), node.url, "alice").wait_connected()
        bob = Page(self.browser(), node.url, "bob").wait_connected()
        alice.call("bob")
        bob.wait_ringing("alice")
        node.kill()
        for page in (alice, bob):
            wait_until(lambda: page.is_shown("banner"), f"{page.name} is told that the connection is lost")
        bob.pick_up()
        self.assertEqual(bob.call_state, "connecting")
        node.start()
        assert_talking(self, alice, bob, seconds=60)
        for page in (alice, bob):
            page.wait_connected()
        self.assert_no_page_errors(ignoring=["WebSocket connection to", "ERR_CONNECTION", "Failed to load resource"])


class DeviceTests(StandaloneTestCase):
    def test_a_reload_keeps_the_device(self):
        page = self.page("alice")
        device = page.device
        page.reload()
        page.wait_connected()
        self.assertEqual(page.device, device)

    def test_a_duplicated_tab_is_a_device_of_its_own(self):
        page = self.page("alice")
        # A window that a page opens begins with a copy of its sessionStorage, as a duplicated tab does.
        page.driver.execute_script("window.open(location.href)")
        wait_until(lambda: len(page.driver.window_handles) == 2, "the second window")
        [handle] = set(page.driver.window_handles) - {page.handle}
        copy = Page.adopt(page.driver, handle, "alice").wait_connected()
        self.assertNotEqual(copy.device, page.device)
        self.assertEqual(page.element("connection").get_attribute("data-state"), "connected")


class StorageTests(StandaloneTestCase):
    SCRIPT = """
        const done = arguments[arguments.length - 1];
        (async () => {
            const { IndexedDBStorage } = await import("/sdk/storage/indexeddb-storage.js");
            const name = `test-${crypto.randomUUID()}`;
            const entry = (number) => ({ number, message: { info: { body: "b" } }, requestedAt: 5 });
            const first = await IndexedDBStorage.open(name);
            const before = await first.load("d");
            await first.create("d", "outbox");
            await first.create("other", "outbox-2");
            await first.storeSends("d", [
                { conversation: "c", entry: entry(1), nextNumber: 2 },
                { conversation: "c", entry: entry(2), nextNumber: 3 },
                { conversation: "gone", entry: entry(1), nextNumber: 2 },
            ]);
            await first.storeSends("other", [{ conversation: "c", entry: entry(9), nextNumber: 10 }]);
            await first.removeSends("d", "c", 1);
            await first.storeCursor("d", "c", 7, 3);
            await first.forget("d", "gone");
            // Another connection to the same database, as the next page has.
            const second = await IndexedDBStorage.open(name);
            return { before, after: await second.load("d"), other: await second.load("other") };
        })().then(done, (error) => done({ error: String(error) }));
    """

    def test_indexeddb_gives_the_next_page_what_was_stored(self):
        page = self.page("alice")
        result = page.driver.execute_async_script(self.SCRIPT)
        send = {"message": {"info": {"body": "b"}}, "requestedAt": 5}
        self.assertEqual(result, {
            "before": None,
            "after": {
                "outbox": "outbox",
                "conversations": [{"id": "c", "nextNumber": 3, "received": 7, "sends": [{"number": 2, **send}]}],
            },
            "other": {
                "outbox": "outbox-2",
                "conversations": [{"id": "c", "nextNumber": 10, "received": None, "sends": [{"number": 9, **send}]}],
            },
        })


if __name__ == "__main__":
    unittest.main()
