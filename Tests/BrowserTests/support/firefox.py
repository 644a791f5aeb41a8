"""Headless Firefox with a fake camera and microphone, driven by Marionette, which every Firefox has built in.

There is no geckodriver in Debian, and none is needed: it only translates WebDriver into this protocol. A packet is
`LENGTH:JSON`; the JSON is `[0, id, command, parameters]` there and `[1, id, error, result]` back. `Firefox` offers the
part of selenium's interface that the tests use.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

from .waiting import wait_until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    # Addresses of this machine as they are: there is no multicast DNS on a machine for tests.
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.peerconnection.ice.loopback": True,
    "marionette.port": 0,
    # Nothing but the pages of the test.
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "http://127.0.0.1:9/",
    "toolkit.telemetry.server": "http://127.0.0.1:9/",
}


class MarionetteError(Exception):
    """Firefox refused a command; the message is its own."""


class Firefox:
    """A browser of its own, with its own profile. The caller quits it."""

    def __init__(self, *, width=1280, height=800, seconds=60):
        program = shutil.which("firefox-esr") or shutil.which("firefox")
        if program is None:
            raise RuntimeError("firefox is not installed: apt-get install firefox-esr")
        self._directory = tempfile.mkdtemp(prefix="switchboard-firefox-")
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        pathlib.Path(self._directory, "user.js").write_text("\n".join(lines))
        self._log = open(os.path.join(self._directory, "log"), "ab")
        self._process = subprocess.Popen(
            [program, "--headless", "--marionette", "--remote-allow-system-access", "--no-remote",
             "--profile", self._directory, "about:blank"],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            env={**os.environ, "MOZ_HEADLESS_WIDTH": str(width), "MOZ_HEADLESS_HEIGHT": str(height),
                 "MOZ_CRASHREPORTER_DISABLE": "1", "HOME": self._directory},
        )
        self._last_id = 0
        self._connection = None
        self.switch_to = _SwitchTo(self)
        try:
            port_file = pathlib.Path(self._directory, "MarionetteActivePort")
            port = wait_until(lambda: int(port_file.read_text()), "Firefox listens", seconds)
            self._connection = socket.create_connection(("127.0.0.1", port), timeout=seconds)
            self._buffer = b""
            self._receive()
            self._command("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"timeouts": {"script": 30_000}}}})
        except Exception:
            self.quit()
            raise

    # What selenium's drivers have too.

    def get(self, url):
        self._command("WebDriver:Navigate", {"url": url})

    def refresh(self):
        self._command("WebDriver:Refresh")

    def find_element(self, by, value):
        found = self._command("WebDriver:FindElement", {"using": by, "value": value})
        return _Element(self, found["value"][ELEMENT])

    def execute_script(self, script, *arguments):
        return self._command("WebDriver:ExecuteScript", {"script": script, "args": list(arguments)})["value"]

    def execute_async_script(self, script, *arguments):
        return self._command("WebDriver:ExecuteAsyncScript", {"script": script, "args": list(arguments)})["value"]

    @property
    def current_window_handle(self):
        return self._command("WebDriver:GetWindowHandle")["value"]

    @property
    def window_handles(self):
        return self._command("WebDriver:GetWindowHandles")

    def close(self):
        self._command("WebDriver:CloseWindow")

    def get_log(self, _kind):
        """Firefox gives none by this way."""
        return []

    def quit(self):
        if self._connection:
            self._connection.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    # The protocol.

    def _command(self, name, parameters=None):
        self._last_id += 1
        data = json.dumps([0, self._last_id, name, parameters or {}]).encode()
        self._connection.sendall(str(len(data)).encode() + b":" + data)
        _, number, error, result = self._receive()
        if number != self._last_id:
            raise MarionetteError(f"an answer to command {number} came for {self._last_id} ({name})")
        if error:
            raise MarionetteError(f"{name}: {error['error']}: {error['message']}")
        return result

    def _receive(self):
        while b":" not in self._buffer:
            self._read()
        length, _, rest = self._buffer.partition(b":")
        self._buffer = rest
        while len(self._buffer) < int(length):
            self._read()
        packet, self._buffer = self._buffer[:int(length)], self._buffer[int(length):]
        return json.loads(packet)

    def _read(self):
        received = self._connection.recv(65_536)
        if not received:
            raise MarionetteError("Firefox has closed the connection")
        self._buffer += received


class _Element:
    def __init__(self, firefox, reference):
        self._firefox, self._reference = firefox, reference

    def _command(self, command, **parameters):
        return self._firefox._command(command, {"id": self._reference, **parameters})

    def click(self):
        self._command("WebDriver:ElementClick")

    def clear(self):
        self._command("WebDriver:ElementClear")

    def send_keys(self, text):
        self._command("WebDriver:ElementSendKeys", text=text)

    def is_displayed(self):
        return self._command("WebDriver:IsElementDisplayed")["value"]

    def is_selected(self):
        return self._command("WebDriver:IsElementSelected")["value"]

    def is_enabled(self):
        return self._command("WebDriver:IsElementEnabled")["value"]

    def get_attribute(self, name):
        return self._command("WebDriver:GetElementAttribute", name=name)["value"]

    @property
    def text(self):
        return self._command("WebDriver:GetElementText")["value"]


class _SwitchTo:
    def __init__(self, firefox):
        self._firefox = firefox

    def window(self, handle):
        self._firefox._command("WebDriver:SwitchToWindow", {"handle": handle, "name": handle})

    def new_window(self, kind):
        created = self._firefox._command("WebDriver:NewWindow", {"type": kind})
        self.window(created["handle"])
