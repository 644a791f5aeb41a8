"""Calls between a browser and a client that was written from docs/PROTOCOL.md alone, through a whole cluster."""

import unittest

from support.aiortc_client import AiortcClient
from support.browsers import BrowserTestCase
from support.encodings import ProtobufEncoding
from support.pages import Page
from support.servers import Cluster
from support.waiting import wait_until


class IndependentClientTests(BrowserTestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.addClassCleanup(cls.cluster.close)

    def page(self, name):
        return Page(self.browser(), self.cluster.url, name).wait_connected()

    def client(self, name, *, other_than=None, encoding=None):
        """A client that came through the balancer, to another node than `other_than`."""
        client = AiortcClient(self.cluster.url, name, encoding)
        self.addCleanup(client.close)
        client.wait_connected()
        for _ in range(30):
            if client.session.node != other_than:
                return client
            client.reconnect()
        self.fail("the balancer gives always the same node")

    def assert_talking(self, page, client, call):
        page.wait_call_state("active")
        wait_until(lambda: call.state == "active", f"{client.user}'s call is active")
        frames = page.wait_video()
        decoded = wait_until(lambda: all(call.decoded.values()) and call.decoded, f"{client.user} decodes both kinds")
        wait_until(lambda: page.frames_decoded > frames, f"{page.name} decodes more frames")
        wait_until(lambda: call.decoded["video"] > decoded["video"], f"{client.user} decodes more frames")
        code = wait_until(lambda: call.security_code, f"{client.user} has a security code")
        wait_until(lambda: page.security_code == code, f"{page.name} has the same security code")
        self.assertEqual(client.errors, [])
        self.assertEqual(call.refusals, [])
        print(f"decoded: {page.name} {page.frames_decoded} video frames, {client.user} {call.decoded}; {' '.join(code)}")
        return code

    def test_it_calls_a_page(self):
        page = self.page("paula")
        client = self.client("ian", other_than=page.node)
        call = client.call("paula")
        page.wait_ringing("ian")
        wait_until(lambda: call.state == "ringing", "ian hears that it rings")
        page.pick_up()
        self.assert_talking(page, client, call)
        client.hang_up(call)
        page.wait_notice("has ended")
        wait_until(lambda: call.state == "ended", "ian is told of the end")
        self.assertEqual(call.reason, "hangup")
        self.assert_no_page_errors()

    def test_a_page_calls_it(self):
        page = self.page("peter")
        client = self.client("ida", other_than=page.node, encoding=ProtobufEncoding())
        page.call("ida")
        call = wait_until(lambda: client.incoming("peter"), "ida's device rings")
        page.wait_call_state("ringing")
        client.pick_up(call)
        self.assert_talking(page, client, call)
        page.hang_up()
        wait_until(lambda: call.state == "ended", "ida is told of the end")
        self.assertEqual(call.reason, "hangup")
        self.assert_no_page_errors()

    def test_its_node_is_killed_between_offer_and_pickup(self):
        page = self.page("pia")
        client = self.client("ivo", other_than=page.node)
        page.call("ivo")
        call = wait_until(lambda: client.incoming("pia"), "ivo's device rings")
        wait_until(lambda: call.is_prepared, "ivo's device has its answer prepared")
        node = client.session.node
        self.addCleanup(self.cluster.restart, node)
        self.cluster.kill(node)
        client.pick_up(call)
        self.assert_talking(page, client, call)
        self.assertNotEqual(client.session.node, node)
        client.hang_up(call)
        page.wait_notice("has ended")
        self.assert_no_page_errors()

    def test_a_page_takes_its_call_back_before_it_answers(self):
        page = self.page("paul")
        client = self.client("iris", other_than=page.node)
        page.call("iris")
        call = wait_until(lambda: client.incoming("paul"), "iris's device rings")
        page.hang_up()
        wait_until(lambda: call.state == "ended", "iris's device is quiet")
        self.assertEqual(call.reason, "cancelled")
        self.assertEqual(client.errors, [])
        self.assert_no_page_errors()

    def test_it_calls_back_a_page_that_is_calling_it(self):
        page = self.page("petra")
        client = self.client("ira", other_than=page.node)
        page.call("ira")
        first = wait_until(lambda: client.incoming("petra"), "ira's device rings")
        second = client.call("petra")
        wait_until(lambda: second.state == "ended", "ira's own call is over")
        self.assertEqual(second.reason, "glare")
        self.assertIs(second.continued_by, first)
        self.assert_talking(page, client, first)
        self.assertEqual(page.live_calls, [first.id])
        client.hang_up(first)
        page.wait_notice("has ended")
        self.assert_no_page_errors()

    def test_its_user_takes_the_call_over_on_another_device_and_back(self):
        page = self.page("pola")
        phone = self.client("iva", other_than=page.node)
        tablet = self.client("iva", other_than=phone.session.node)
        call = phone.call("pola")
        page.wait_ringing("iva")
        page.pick_up()
        codes = [self.assert_talking(page, phone, call)]
        for device, other in ((tablet, phone), (phone, tablet)):
            before = other.calls[call.id]
            taken = wait_until(lambda device=device: device.elsewhere("pola"), "the call is known on the other device")
            device.take_over(taken)
            wait_until(lambda before=before: before.reason == "replaced", "the old device is out")
            codes.append(self.assert_talking(page, device, taken))
            self.assertEqual(page.call_id, call.id)
            if device is tablet:
                # It learns of the call as a device does that was not there.
                phone.forget(call)
                phone.reconnect()
        self.assertEqual(len({" ".join(code) for code in codes}), 3)
        page.hang_up()
        for device in (phone, tablet):
            wait_until(lambda device=device: device.calls[call.id].state == "ended", "all are told of the end")
        self.assertEqual(phone.errors + tablet.errors, [])
        self.assert_no_page_errors()

    def test_the_pages_user_takes_the_call_over_on_another_page(self):
        page = self.page("pina")
        other = Page(page.driver, self.cluster.url, "pina", new_window=True).wait_connected()
        client = self.client("ina", other_than=page.node)
        page.call("ina")
        call = wait_until(lambda: client.incoming("pina"), "ina's device rings")
        client.pick_up(call)
        self.assert_talking(page, client, call)
        other.take_over()
        page.wait_notice("The call goes on on another of your devices.")
        self.assert_talking(other, client, call)
        client.hang_up(call)
        other.wait_notice("has ended")
        self.assert_no_page_errors()


if __name__ == "__main__":
    unittest.main()
