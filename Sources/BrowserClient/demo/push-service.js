import { notificationTag, PushEndpoints } from "/sdk/index.js";

/** Where the service worker reads whose calls this browser rings for. */
const CACHE = "switchboard-demo";
const USER = "/push-user";

/**
 * Ringing while no page is open: a service worker, its subscription at the browser's push service, and the endpoint at
 * the node. One user of a browser has it at a time: a push does not say for whom it is.
 */
export class PushService {
    #user;
    #endpoints;
    #pushed;

    /**
     * @param {object} options
     * @param {string} options.user
     * @param {() => Promise<string>} options.getToken
     * @param {(payload: import("../sdk/index.js").PushPayload) => void} options.pushed - a call to ask about
     */
    constructor({ user, getToken, pushed }) {
        this.#user = user;
        this.#pushed = pushed;
        this.#endpoints = new PushEndpoints({ getToken });
        navigator.serviceWorker?.addEventListener("message", (event) => this.#messageReceived(event));
    }

    /** @returns {Promise<boolean>} whether the browser knows push, and the node offers it */
    async available() {
        if (!navigator.serviceWorker || !globalThis.PushManager || !globalThis.Notification) return false;
        const response = await fetch("/v1/push/config").catch(() => null);
        return Boolean(response?.ok && (await response.json()).webPush);
    }

    /** @returns {Promise<boolean>} whether this browser rings for this user */
    async isOn() {
        const registration = await navigator.serviceWorker.getRegistration();
        const subscription = await registration?.pushManager.getSubscription();
        return Boolean(subscription) && (await subscribedUser()) === this.#user;
    }

    /** @throws what the browser or the node say against it */
    async switchOn() {
        const registration = await navigator.serviceWorker.register("/service-worker.js", { type: "module" });
        await navigator.serviceWorker.ready;
        await this.#endpoints.subscribe(registration);
        const cache = await caches.open(CACHE);
        await cache.put(USER, new Response(this.#user));
    }

    async switchOff() {
        const registration = await navigator.serviceWorker.getRegistration();
        if (registration) await this.#endpoints.unsubscribe(registration);
        await caches.delete(CACHE);
    }

    /** Asks about the call that a notification has opened the page for, once. */
    openedFor(address) {
        const named = new URLSearchParams(address.hash.slice(1)).get("push");
        if (!named) return;
        history.replaceState(null, "", address.pathname + address.search);
        this.#pushed(JSON.parse(named));
    }

    /** The service worker asks whose page this is, or passes on what was pushed. */
    #messageReceived({ data, ports }) {
        if (data.user !== this.#user) return;
        if (data.type === "whose") ports[0].postMessage(true);
        if (data.type === "opened") this.#pushed(data.payload);
        if (data.type === "pushed" && document.visibilityState === "visible") this.#ringHere(data.payload);
    }

    /** The page itself rings, before the user's eyes; should its connection be lost, it learns of the call by this. */
    async #ringHere(payload) {
        if (payload.type === "invite") this.#pushed(payload);
        await this.#closeNotifications(payload);
    }

    async #closeNotifications({ conversation }) {
        const registration = await navigator.serviceWorker.getRegistration();
        const shown = await registration.getNotifications({ tag: notificationTag(conversation) });
        for (const notification of shown) notification.close();
    }
}

async function subscribedUser() {
    const stored = await caches.match(USER, { cacheName: CACHE });
    return stored ? stored.text() : null;
}
