"""Chromium's DevTools protocol by its own socket, for what comes as an event: WebDriver passes on answers only."""

import json
import urllib.request

from websockets.sync.client import connect

from .waiting import wait_until


class DevTools:
    """A session with the browser itself, of a selenium driver of Chromium."""

    def __init__(self, driver):
        address = driver.capabilities["goog:chromeOptions"]["debuggerAddress"]
        with urllib.request.urlopen(f"http://{address}/json/version", timeout=10) as response:
            url = json.load(response)["webSocketDebuggerUrl"]
        self._socket = connect(url, max_size=None)
        self._last_id = 0
        self._events = []

    def close(self):
        self._socket.close()

    def command(self, method, parameters=None, session=None):
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": parameters or {}}
        self._socket.send(json.dumps({**message, "sessionId": session} if session else message))
        while True:
            received = json.loads(self._socket.recv(30))
            if received.get("id") == self._last_id:
                if "error" in received:
                    raise RuntimeError(f"{method}: {received['error']['message']}")
                return received["result"]
            self._events.append(received)

    def attach(self, kind, url_part):
        """A session with a page or a service worker."""
        def target():
            targets = self.command("Target.getTargets")["targetInfos"]
            return next((each for each in targets if each["type"] == kind and url_part in each["url"]), None)

        found = wait_until(target, f"a {kind} of {url_part}")
        return self.command("Target.attachToTarget", {"targetId": found["targetId"], "flatten": True})["sessionId"]

    def event(self, method, seconds=10):
        """The first event of this name, also one that has come already."""
        def heard():
            found = next((each for each in self._events if each.get("method") == method and each["params"]), None)
            if not found:
                self._events.append(json.loads(self._socket.recv(0.2)))
            return found

        return wait_until(heard, method, seconds)["params"]

    def evaluate(self, session, expression):
        """In a page or worker; a promise is waited for."""
        done = self.command(
            "Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True}, session
        )
        if "exceptionDetails" in done:
            raise RuntimeError(json.dumps(done["exceptionDetails"])[:1_000])
        return done["result"].get("value")


class ServiceWorkerHandle:
    """The service worker of an origin: what the browser's push service and its user would do to it."""

    def __init__(self, driver, origin):
        self._origin = origin
        self._devtools = DevTools(driver)
        page = self._devtools.attach("page", origin)
        self._page = page
        self._devtools.command("ServiceWorker.enable", session=page)
        updated = self._devtools.event("ServiceWorker.workerRegistrationUpdated")
        registrations = [each for each in updated["registrations"] if each["scopeURL"].startswith(origin)]
        self._registration = registrations[0]["registrationId"]

    def close(self):
        self._devtools.close()

    def push(self, payload):
        self._devtools.command(
            "ServiceWorker.deliverPushMessage",
            {"origin": self._origin, "registrationId": self._registration, "data": json.dumps(payload)},
            self._page,
        )

    def notifications(self):
        return json.loads(self._evaluate("""
            registration.getNotifications().then((shown) =>
                JSON.stringify(shown.map(({ title, body, tag, data }) => ({ title, body, tag, data }))))
        """))

    def click(self, tag):
        """Clicks the notification. A script's click opens no window: returns the address that was to be opened."""
        return self._evaluate(f"""
            (async () => {{
                const opened = new Promise((resolve) => {{ clients.openWindow = async (url) => resolve(url); }});
                const [notification] = await registration.getNotifications({{ tag: {json.dumps(tag)} }});
                dispatchEvent(new NotificationEvent("notificationclick", {{ notification }}));
                return opened;
            }})()
        """)

    def _evaluate(self, expression):
        worker = self._devtools.attach("service_worker", self._origin)
        return self._devtools.evaluate(worker, expression)
