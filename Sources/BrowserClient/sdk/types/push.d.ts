/** What the server pushes for a call; in a service worker, `event.data.json()`. */
export interface PushPayload {
    type: "invite" | "cancel";
    conversation: string;
    caller: string;
    audio?: boolean;
    video?: boolean;
    /** When it stops ringing; milliseconds since 1970. */
    expiresAtMs?: number;
    /** Of a cancel. */
    reason?: string;
}

export interface PushEndpoint {
    id: string;
    provider: string;
    target: string;
}

export interface PushEndpointsOptions {
    /** Of a node or the balancer: as `https://calls.example.org`. Default: the page's own origin. */
    url?: string;
    getToken: () => string | Promise<string>;
}

/** Where a user is to be pushed to: the registration of endpoints at the server. */
export class PushEndpoints {
    constructor(options: PushEndpointsOptions);
    /**
     * Subscribes this browser by a service worker that is registered, and tells the server. Again is harmless.
     * @returns null if the server offers no Web Push; rejects if the user does not allow it, or the server refuses
     */
    subscribe(registration: ServiceWorkerRegistration): Promise<PushEndpoint | null>;
    /** Takes this browser's subscription back, here and at the server. */
    unsubscribe(registration: ServiceWorkerRegistration): Promise<void>;
    list(): Promise<PushEndpoint[]>;
    remove(id: string): Promise<void>;
}

/**
 * Tag of the notification for a call: the same for invite and cancel, so that one replaces the other.
 * @param conversation - the call id
 */
export function notificationTag(conversation: string): string;
