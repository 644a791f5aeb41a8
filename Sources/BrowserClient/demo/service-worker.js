/** Rings by a notification when no page is open. Registered by push-service.js, as a module. */
import { notificationTag } from "/sdk/push/push-endpoints.js";
import { missedByPush, notificationTexts } from "./words.js";

const CACHE = "switchboard-demo";
const USER = "/push-user";
/** A page that does not answer in this time is not there. */
const PATIENCE_MS = 500;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => event.waitUntil(pushed(event.data.json())));
self.addEventListener("notificationclick", (event) => event.waitUntil(clicked(event.notification)));

/** @param {import("../sdk/index.js").PushPayload} payload */
async function pushed(payload) {
    if (payload.type === "invite" && payload.expiresAtMs < Date.now()) return;
    const tag = notificationTag(payload.conversation);
    // A cancel need not say who called: the notification that rings does.
    const [shown] = await self.registration.getNotifications({ tag });
    if (payload.type === "invite" || missedByPush(payload)) await notify(tag, { ...shown?.data, ...payload });
    else shown?.close();
    const user = await subscribedUser();
    for (const page of await pages()) page.postMessage({ type: "pushed", user, payload });
}

function notify(tag, payload) {
    const { title, body } = notificationTexts(payload);
    const rings = payload.type === "invite";
    return self.registration.showNotification(title, {
        tag,
        body,
        icon: "/icon.png",
        data: payload,
        // The missed call takes the place of the ringing one without a sound.
        renotify: rings,
        silent: !rings,
        requireInteraction: rings,
    });
}

/** Brings the user's page to the front, or opens one; either asks at once whether the call still rings. */
async function clicked(notification) {
    notification.close();
    const user = await subscribedUser();
    const payload = notification.data;
    for (const page of await pages()) {
        if (!(await belongsTo(page, user))) continue;
        await page.focus();
        if (payload.type === "invite") page.postMessage({ type: "opened", user, payload });
        return;
    }
    const call = payload.type === "invite" ? `#${new URLSearchParams({ push: JSON.stringify(payload) })}` : "";
    await self.clients.openWindow(`/?${new URLSearchParams({ name: user ?? "" })}${call}`);
}

function pages() {
    return self.clients.matchAll({ type: "window", includeUncontrolled: true });
}

/** @returns {Promise<boolean>} */
function belongsTo(page, user) {
    return new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(true);
        setTimeout(() => resolve(false), PATIENCE_MS);
        page.postMessage({ type: "whose", user }, [port2]);
    });
}

async function subscribedUser() {
    const stored = await caches.match(USER, { cacheName: CACHE });
    return stored ? stored.text() : null;
}
