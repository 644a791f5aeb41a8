"""The page by keyboard, by screen reader, and on a screen of 360 pixels."""

import unittest

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from support.browsers import start_browser
from support.node_case import NodeTestCase
from support.waiting import wait_until

FOCUSED = "return document.activeElement?.dataset.testid ?? document.activeElement?.tagName"
TOO_WIDE = """
    const width = document.documentElement.clientWidth;
    return [...document.querySelectorAll("body *")]
        .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest(".visually-hidden, svg"))
        .filter((each) => each.getBoundingClientRect().right > width + 1 || each.getBoundingClientRect().left < -1)
        .map((each) => `${each.tagName} ${each.className} ${each.dataset.testid ?? ""}`);
"""
TOO_SMALL = """
    return [...document.querySelectorAll("button, input, a.button")]
        .filter((each) => each.checkVisibility({ visibilityProperty: true }))
        .filter((each) => !each.matches(".text-button, [type=checkbox]"))
        .filter((each) => Math.min(each.offsetHeight, each.offsetWidth) < 32)
        .map((each) => each.dataset.testid ?? each.className);
"""


class AccessibilityTests(NodeTestCase):
    def pair(self, caller, callee):
        alice = self.page(caller)
        phone = self.shared_browser("phone", lambda: start_browser(width=360, height=740))
        # A window that WebDriver opens is not the phone that the browser's first one was told to be.
        bob = self.page(callee, machine="phone")
        phone.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
        )
        return alice, bob

    def press(self, page, key):
        """On the keyboard, wherever the focus is."""
        ActionChains(page.focus()).send_keys(key).perform()

    def assert_well_formed(self, page, state):
        with self.subTest(state):
            driver = page.focus()
            self.assertEqual(driver.execute_script("return innerWidth"), 360)
            self.assertEqual(driver.execute_script(TOO_WIDE), [])
            self.assertEqual(driver.execute_script(TOO_SMALL), [])
            tree = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
            for node in tree:
                role = node.get("role", {}).get("value")
                if role in ("button", "switch", "textbox", "checkbox", "link", "dialog") and not node.get("ignored"):
                    self.assertTrue(node.get("name", {}).get("value"), f"a {role} without a name")

    def test_every_state_fits_a_phone_and_every_control_has_a_name(self):
        alice, bob = self.pair("alva", "bo")
        self.assert_well_formed(bob, "home")
        bob.call("alva")
        bob.wait_call_state("ringing")
        self.assert_well_formed(bob, "outgoing")
        bob.hang_up()
        alice.wait_quiet()
        alice.call("bo")
        bob.wait_ringing("alva")
        self.assert_well_formed(bob, "incoming")
        bob.pick_up()
        bob.wait_video()
        wait_until(lambda: len(bob.security_code) == 5, "the security code is there")
        for details in bob.focus().find_elements(By.CSS_SELECTOR, ".panel summary"):
            details.click()
        self.assert_well_formed(bob, "call")
        label = bob.element("security").get_attribute("aria-label")
        for name in bob.security_code:
            self.assertIn(name, label)
        bob.element("security").click()
        wait_until(lambda: bob.is_shown("security-names"), "the names of the pictures are shown")
        self.assert_well_formed(bob, "security code")
        self.press(bob, Keys.ESCAPE)
        wait_until(lambda: not bob.is_shown("security-names"), "Escape closes it")
        self.assertEqual(bob.call_state, "active")

    def test_an_incoming_call_takes_the_focus_and_no_stray_key_decides(self):
        alice, bob = self.pair("cleo", "dag")
        bob.element("callee-input").send_keys("somebody")
        alice.call("dag")
        bob.wait_ringing("cleo")
        wait_until(lambda: bob.focus().execute_script(FOCUSED) == "incoming-from", "the focus is in the dialog")
        for key in (Keys.ENTER, Keys.SPACE, Keys.ESCAPE, Keys.ESCAPE, "x"):
            self.press(bob, key)
        self.assertTrue(bob.is_shown("incoming"))
        self.assertEqual(alice.call_state, "ringing")

        # By Tab through all choices, and no further than the dialog.
        seen = []
        while len(seen) < 12 and "accept" not in seen:
            self.press(bob, Keys.TAB)
            seen.append(bob.focus().execute_script(FOCUSED))
        self.assertEqual(seen, ["decline", "accept-audio", "accept"])
        self.press(bob, Keys.ENTER)
        bob.wait_call_state("active")
        wait_until(lambda: bob.focus().execute_script(FOCUSED) == "peer", "the focus is at the call, on no button")
        for key in (Keys.ENTER, Keys.SPACE, Keys.ESCAPE):
            self.press(bob, key)
        self.assertEqual(bob.call_state, "active")
        while bob.focus().execute_script(FOCUSED) != "hangup":
            self.press(bob, Keys.TAB)
        self.press(bob, Keys.ENTER)
        alice.wait_notice("has ended")

    def test_what_changes_is_announced_and_the_clock_is_not(self):
        alice, bob = self.pair("elin", "finn")
        role = "return document.querySelector(`[data-testid=${arguments[0]}]`).closest('[role]').role"
        for name, expected in (("call-state", "status"), ("notice", "status"), ("interruption", "alert"),
                               ("banner", "alert"), ("clock", "timer"), ("media-note", "status")):
            self.assertEqual(bob.focus().execute_script(role, name), expected, name)
        bob.focus().execute_script("""
            window.announced = [];
            const target = document.querySelector("[data-testid=call-state]");
            new MutationObserver(() => announced.push(target.textContent))
                .observe(target, { childList: true, characterData: true, subtree: true });
        """)
        bob.call("elin")
        alice.wait_ringing("finn")
        bob.wait_call_state("ringing")
        alice.pick_up()
        bob.wait_call_state("active")
        wait_until(lambda: bob.text("clock") >= "0:02", "the clock runs")
        announced = [text for text in bob.focus().execute_script("return announced") if text]
        self.assertEqual(announced, ["Calling…", "Ringing…", "Connecting…"])


if __name__ == "__main__":
    unittest.main()
