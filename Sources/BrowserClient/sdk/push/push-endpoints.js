const PATH = "/v1/push";

/**
 * Where a user is to be pushed to: the registration of endpoints at the server. Needs no connection, only a token; so
 * it works in a service worker too.
 */
export class PushEndpoints {
    #url;
    #getToken;
    #fetch;

    /**
     * @param {import("../types/push.js").PushEndpointsOptions & { fetch?: typeof fetch }} options - `fetch`: for tests
     */
    constructor({ url = globalThis.location?.origin, getToken, fetch = globalThis.fetch?.bind(globalThis) }) {
        this.#url = url;
        this.#getToken = getToken;
        this.#fetch = fetch;
    }

    /** @param {ServiceWorkerRegistration} registration */
    async subscribe(registration) {
        const { webPush } = await this.#request("GET", "/config");
        if (!webPush?.publicKey) return null;
        const key = bytesOf(webPush.publicKey);
        await this.#dropOtherKey(registration, key);
        const subscription = await registration.pushManager.subscribe({
            userVisibleOnly: true,
            applicationServerKey: key,
        });
        const { endpoint, keys } = subscription.toJSON();
        return this.#request("PUT", "/endpoints", { provider: "web_push", target: endpoint, parameters: keys });
    }

    /** @param {ServiceWorkerRegistration} registration */
    async unsubscribe(registration) {
        const subscription = await registration.pushManager.getSubscription();
        if (!subscription) return;
        const endpoints = await this.list();
        const mine = endpoints.filter(({ target }) => target === subscription.endpoint);
        for (const { id } of mine) await this.remove(id);
        await subscription.unsubscribe();
    }

    /** @returns {Promise<import("../types/push.js").PushEndpoint[]>} */
    async list() {
        const { endpoints = [] } = await this.#request("GET", "/endpoints");
        return endpoints;
    }

    async remove(id) {
        await this.#request("DELETE", `/endpoints/${encodeURIComponent(id)}`);
    }

    /** A subscription is bound to the server's key; with a new one the browser would refuse. */
    async #dropOtherKey(registration, key) {
        const before = await registration.pushManager.getSubscription();
        const used = before?.options?.applicationServerKey;
        if (!used) return;
        const bytes = new Uint8Array(used);
        const isSame = bytes.length === key.length && bytes.every((byte, index) => byte === key[index]);
        if (!isSame) await before.unsubscribe();
    }

    async #request(method, path, body) {
        const token = await this.#getToken();
        const headers = { Authorization: `Bearer ${token}` };
        if (body) headers["Content-Type"] = "application/json";
        const response = await this.#fetch(this.#url + PATH + path, {
            method,
            headers,
            body: body && JSON.stringify(body),
        });
        const text = await response.text();
        const answer = text ? JSON.parse(text) : {};
        if (!response.ok) {
            const error = new Error(answer.message ?? `The server answered ${response.status}.`);
            error.name = answer.error ?? "push_registration_failed";
            throw error;
        }
        return answer;
    }
}

/** @param {string} conversation */
export function notificationTag(conversation) {
    return conversation.replaceAll("-", "").toLowerCase();
}

/** base64url (RFC 4648 §5), with or without padding. */
function bytesOf(text) {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
