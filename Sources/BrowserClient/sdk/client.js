import { CallRegistry } from "./client/call-registry.js";
import { Elsewhere } from "./client/elsewhere.js";
import { IceServers } from "./client/ice-servers.js";
import { NetworkWatch } from "./client/network-watch.js";
import { PushedCalls } from "./client/pushed-calls.js";
import { Connection } from "./connection.js";
import { DeviceIdentity } from "./device-identity.js";
import { browserEnvironment } from "./environment.js";
import { DetailEvent } from "./events.js";
import { randomUUID } from "./identifiers.js";
import { SendingPolicy } from "./media/sending-policy.js";
import { VideoCodecChoice } from "./media/video-codec.js";
import { Phase } from "./session/actions.js";
import { SessionMachine } from "./session/session-machine.js";
import { openStorage } from "./storage/open-storage.js";

/**
 * A device of Switchboard: keeps the connection, makes calls and takes them. Its types and events are in `index.d.ts`.
 */
export class SwitchboardClient extends EventTarget {
    #options;
    #environment;
    /** @type {Connection | null} */
    #connection = null;
    #identity = null;
    /** @type {Promise<void> | null} */
    #loading = null;
    #phase = Phase.idle;
    #phaseDetails = {};
    #welcome = {};
    #videoCodec;
    #iceServers;
    #network;
    #elsewhere;
    #pushed;
    #registry;

    /** @param {import("./index.js").ClientOptions} options */
    constructor(options) {
        super();
        this.#options = options;
        this.#environment = { ...browserEnvironment(), ...options.environment };
        const environment = this.#environment;
        this.#videoCodec = new VideoCodecChoice({
            wanted: options.codecs?.video,
            encodesH264InHardware: environment.encodesH264InHardware,
        });
        this.#iceServers = new IceServers({
            environment,
            request: () => this.#connection?.requestIceServers(),
            changed: () => this.#registry.iceServersChanged(this.#rtcConfiguration().iceServers),
        });
        this.#network = new NetworkWatch({
            environment,
            hooks: {
                doubtful: () => this.#connection.surroundingsChanged(),
                networkChanged: () => this.#registry.networkChanged(),
            },
        });
        this.#elsewhere = new Elsewhere((calls) => this.#emit("elsewhere", { calls }));
        this.#registry = new CallRegistry({
            environment,
            quality: { intervalMs: options.statisticsIntervalMs, videoPause: options.videoPause },
            busyWhenInCall: options.busyWhenInCall ?? false,
            elsewhere: this.#elsewhere,
            hooks: this.#registryHooks(),
        });
        this.#pushed = new PushedCalls({
            environment,
            find: (id) => this.#registry.find(id),
            isSynchronised: () => this.#phase === Phase.ready,
            name: (id) => this.#connection?.conversationPushed(id),
        });
    }

    get user() {
        return this.#welcome.user ?? null;
    }

    /** Name of the node that holds the connection. */
    get node() {
        return this.#welcome.node ?? null;
    }

    get device() {
        return this.#identity?.device ?? null;
    }

    /** @returns {import("./index.js").ConnectionStatus} */
    get connection() {
        const states = { idle: "idle", ready: "connected", stopped: "stopped" };
        const first = this.#welcome.node === undefined ? "connecting" : "reconnecting";
        return { state: states[this.#phase] ?? first, node: this.node, ...this.#phaseDetails };
    }

    /** @returns {import("./index.js").Call[]} that have not ended */
    get calls() {
        return this.#registry.live;
    }

    /** @returns {import("./index.js").CallElsewhere[]} calls of this user on other devices */
    get elsewhere() {
        return this.#elsewhere.calls;
    }

    /**
     * Connects, and from then on stays connected.
     * @returns {Promise<void>} when synchronised for the first time; rejects if the server wants no connection
     */
    async connect() {
        this.#loading ??= this.#load();
        await this.#loading;
        this.#network.start();
        if (this.#phase === Phase.ready) return;
        const outcome = new Promise((resolve, reject) => {
            const listener = ({ detail }) => {
                if (detail.state !== "connected" && detail.state !== "stopped") return;
                this.removeEventListener("connection", listener);
                if (detail.state === "connected") resolve();
                else reject(new Error(`The connection was refused: ${detail.reason}.`));
            };
            this.addEventListener("connection", listener);
        });
        this.#connection.start();
        await outcome;
    }

    /** @param {{ hangUp?: boolean }} [options] */
    close({ hangUp = false } = {}) {
        if (hangUp) for (const call of this.calls) call.hangup("hangup", { urgent: true });
        this.#connection?.stop();
        this.#network.stop();
    }

    /**
     * @param {string} callee
     * @param {import("./index.js").MediaRequest} [media]
     */
    call(callee, { audio = true, video = true, stream } = {}) {
        this.#demandIdentity();
        return this.#registry.place(callee, { audio, video, stream });
    }

    /**
     * @param {string} callId
     * @param {import("./index.js").MediaRequest} [media]
     */
    takeOver(callId, { audio = true, video, stream } = {}) {
        this.#demandIdentity();
        const asked = this.#elsewhere.get(callId)?.media?.video ?? true;
        return this.#registry.takeOver(callId, { audio, video: video ?? asked, stream });
    }

    /** @param {import("./types/push.js").PushPayload} payload */
    pushed(payload) {
        return this.#pushed.pushed(payload);
    }

    // ---------------------------------------------------------------------------------------------- start

    async #load() {
        const { identity, storage, restoreCalls = true } = this.#options;
        this.#identity = identity ?? (await DeviceIdentity.claim());
        const opened = storage ?? (await openStorage());
        const { device, connection } = this.#identity;
        let stored = await opened.load(device);
        if (!stored) {
            stored = { outbox: randomUUID(), conversations: [] };
            await opened.create(device, stored.outbox);
        }
        const calls = restoreCalls ? ((await opened.loadCalls?.(device)) ?? []) : [];
        const machine = new SessionMachine({
            device,
            connection,
            outbox: stored.outbox,
            conversations: conversationsToRestore(stored.conversations, calls),
            settings: this.#options.settings,
        });
        this.#connection = new Connection({
            machine,
            url: this.#options.url,
            getToken: this.#options.getToken,
            storage: opened,
            identity: this.#identity,
            environment: this.#environment,
            handlers: this.#handlers(),
        });
        for (const id of this.#pushed.waiting) this.#connection.conversationPushed(id);
        const left = machine.restoredOutboxes();
        const unsent = left.filter(({ messages }) => messages[0].invite).map(({ id }) => id);
        this.#registry.restore(calls, new Set(unsent));
        for (const { id, messages } of left) if (!this.#registry.find(id)) this.#abandon(id, messages);
    }

    /** The call belongs to a page that is gone, with its media: it must not ring, nor go on in silence. */
    #abandon(id, messages) {
        const ending = messages.some(({ cancel, reject, hangup }) => cancel || reject || hangup);
        if (ending) return;
        const invited = messages.some(({ invite }) => invite);
        this.#connection.send(id, invited ? { cancel: {} } : { hangup: { reason: "media_lost" } });
    }

    #demandIdentity() {
        if (!this.#connection) throw new Error("Call connect() first: the device has no identity yet.");
    }

    // ---------------------------------------------------------------------------------------------- the connection

    #handlers() {
        return {
            phaseChanged: (action) => this.#phaseChanged(action),
            welcomed: ({ welcome }) => {
                this.#welcome = welcome;
                this.#iceServers.received(welcome.iceServers);
                // Not before: connections made without ICE servers would be of little use.
                this.#registry.resume();
            },
            iceServers: ({ iceServers }) => this.#iceServers.received(iceServers),
            synchronised: ({ missing }) => {
                this.#registry.synchronised(missing);
                this.#pushed.synchronised(missing);
            },
            deliver: ({ deliver }) => this.#delivered(deliver),
            snapshot: ({ snapshot }) => this.#snapshotReceived(snapshot),
            accepted: ({ conversation, messages }) => this.#registry.accepted(conversation, messages),
            refused: (action) => this.#registry.refused(action.conversation, action),
            conversationUnknown: ({ conversation }) => {
                this.#registry.unknown(conversation);
                this.#elsewhere.over(conversation);
                this.#pushed.unknown(conversation);
            },
            connectionError: ({ name, advice }) => this.#tellProblem(name, advice),
            connectFailed: ({ error }) => this.#tellProblem("connect_failed", error.message),
            tokenFailed: ({ error }) => this.#tellProblem("token_failed", error?.message ?? String(error)),
            storageFailed: ({ error }) => this.#tellProblem("storage_failed", error.message),
        };
    }

    #phaseChanged({ phase, reason, retryInMs }) {
        this.#phase = phase;
        this.#phaseDetails = {};
        if (reason !== undefined) this.#phaseDetails.reason = reason;
        if (retryInMs !== undefined) this.#phaseDetails.retryInMs = retryInMs;
        this.#emit("connection", this.connection);
    }

    #delivered(deliver) {
        const { conversation, message } = deliver;
        if (message?.elsewhere) this.#elsewhereReceived(conversation, message.elsewhere);
        this.#registry.delivered(deliver);
        this.#pushed.heard(conversation);
    }

    #elsewhereReceived(id, { device, active = false, ...told }) {
        if (!active) {
            this.#elsewhere.over(id);
            return this.#connection.conversationEnded(id);
        }
        this.#connection.conversationResumed(id);
        return this.#elsewhere.active(id, { device, ...this.#registry.describe(id), ...told });
    }

    #snapshotReceived(snapshot) {
        const { conversation, state, role, leg, activeDevice, caller, callee, media, session } = snapshot;
        const goesOn = state !== "ended";
        if (goesOn && activeDevice && activeDevice !== this.device) {
            const peer = role === "caller" ? callee : caller;
            this.#elsewhere.active(conversation, { device: activeDevice, peer, role, media, session });
        } else {
            this.#elsewhere.over(conversation);
        }
        const isKnown = this.#registry.snapshotReceived(snapshot);
        this.#pushed.heard(conversation);
        if (isKnown) return;
        if (!goesOn) return void this.#connection.conversationEnded(conversation);
        const mine = role === "caller" ? snapshot.callerDevice === this.device : leg === "selected";
        // A call of this device whose page is gone, and its media with it. (One that rings is delivered anew.)
        if (mine) this.#abandon(conversation, role === "caller" && state === "ringing" ? [{ invite: {} }] : []);
    }

    #tellProblem(name, message) {
        this.#emit("problem", { name, message });
    }

    #emit(type, detail) {
        this.dispatchEvent(new DetailEvent(type, detail));
    }

    // ---------------------------------------------------------------------------------------------- calls

    /** @returns {import("./client/call-registry.js").RegistryHooks} */
    #registryHooks() {
        const { openMedia } = this.#options;
        return {
            send: (id, message, options) => this.#connection.send(id, message, options),
            conversationEnded: (id) => this.#connection.conversationEnded(id),
            store: (record) => this.#connection.storeCall(record),
            forget: (id) => this.#connection.forgetCall(id),
            openMedia: (call, media) => (openMedia ? openMedia(media, call) : this.#environment.openMedia(media)),
            configuration: () => this.#rtcConfiguration(),
            freshIceServers: () => this.#iceServers.fresh(),
            sendingPolicy: () => new SendingPolicy({
                codecs: this.#environment.codecs,
                videoCodec: () => this.#videoCodec.codec,
                limits: this.#options.bitrate,
            }),
            isSynchronised: () => this.#phase === Phase.ready,
            emit: (type, detail) => this.#emit(type, detail),
        };
    }

    #rtcConfiguration() {
        return { iceServers: this.#iceServers.list, ...this.#options.rtcConfiguration };
    }
}

/**
 * A page that was loaded anew wants to know how its calls stand, not what led there: it brings no cursors. Of calls
 * that ring here the server tells anew; of the others it is asked, and says so too if they have ended meanwhile.
 */
function conversationsToRestore(conversations, calls) {
    const picked = new Set(calls.filter(({ role, pickedUp }) => role === "caller" || pickedUp).map(({ id }) => id));
    const known = new Set(conversations.map(({ id }) => id));
    const unknown = [...picked].filter((id) => !known.has(id)).map((id) => ({ id, nextNumber: 1, sends: [] }));
    return [...conversations, ...unknown].map((conversation) => ({
        ...conversation,
        received: undefined,
        wantsSnapshot: picked.has(conversation.id) && !conversation.sends[0]?.message.invite,
    }));
}
