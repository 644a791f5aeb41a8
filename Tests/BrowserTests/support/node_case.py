"""Tests with one node, and with machines that they share."""

from .browsers import BrowserTestCase
from .firefox import Firefox
from .pages import Page
from .servers import Node


class NodeTestCase(BrowserTestCase):
    """One node for all tests of the class, and pages in windows of browsers that the class starts once."""

    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.addClassCleanup(lambda: cls.node.close())

    def page(self, name, *, machine="first", firefox=False, url=None):
        """A window of its own, which is a device of its own, on one of the class's machines."""
        driver = self.shared_browser("firefox", Firefox) if firefox else self.shared_browser(machine)
        page = Page(driver, url or self.node.url, name, new_window=True).wait_connected()
        self.addCleanup(page.close)
        return page

    def talk(self, caller, callee):
        """A call between two pages, up to where both see each other."""
        caller.call(callee.name)
        callee.wait_ringing(caller.name)
        callee.pick_up()
        for page in (caller, callee):
            page.wait_call_state("active")
            page.wait_video()
