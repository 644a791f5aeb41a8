import { DetailEvent } from "../events.js";
import { CallPhase, CallState } from "./call-state.js";
import { CallTimings } from "./call-timings.js";
import { LocalMedia } from "./local-media.js";
import { PeerSession } from "./peer-session.js";
import { MediaRecovery } from "./recovery.js";

/**
 * One call, on this device: its state, its media, the user's decisions. The types of its events are in `index.d.ts`.
 *
 * The server decides who answered and when the call is over; this object follows what it is told, except that a call
 * which the user ends is over here at once: the message that says so is in the outbox and gets through when it can.
 */
export class Call extends EventTarget {
    /** @type {string} */
    id;
    /** @type {"caller" | "callee"} */
    role;
    /** @type {string} user at the other end */
    peer;
    /** What the caller asked for. */
    media;
    /** @type {MediaStream} what the peer sends; empty until it does */
    remoteStream;
    /** What the peer has switched off. */
    remoteMuted = { audio: false, video: false };
    screen = { local: false, remote: false };
    restored = false;
    videoPaused = false;
    peerReconnecting = false;
    securityCode = null;
    securityState = "unavailable";

    #state;
    #link;
    #environment;
    #timings;
    #localMedia;
    #recovery;
    /** @type {PeerSession | null} */
    #peerSession = null;
    #connectedSession = 0;

    /**
     * @param {object} options
     * @param {string} options.id
     * @param {"caller" | "callee"} options.role
     * @param {string} options.peer
     * @param {{ audio?: boolean, video?: boolean }} options.media
     * @param {import("../environment.js").Environment} options.environment
     * @param {object} options.link - to the client
     * @param {(message: object, options?: { urgent?: boolean }) => number} options.link.send
     * @param {() => RTCConfiguration} options.link.configuration
     * @param {() => void} options.link.ended - once
     */
    constructor({ id, role, peer, media, environment, link }) {
        super();
        this.id = id;
        this.role = role;
        this.peer = peer;
        this.media = { audio: Boolean(media?.audio), video: Boolean(media?.video) };
        this.remoteStream = environment.createMediaStream();
        this.#environment = environment;
        this.#link = link;
        this.#state = new CallState(role);
        this.#timings = new CallTimings(() => environment.now());
        this.#localMedia = new LocalMedia(environment);
        this.#recovery = new MediaRecovery({
            environment,
            role,
            restart: () => this.#peerSession?.restartIce(),
            giveUp: () => this.hangup("media_lost"),
        });
        this.#mark("invited");
    }

    /** @returns {import("./call-state.js").CallPhase} */
    get state() {
        return this.#state.phase;
    }

    /** Why it ended; undefined while it goes on. */
    get endReason() {
        return this.#state.reason;
    }

    /** @returns {import("./call-timings.js").Timings} */
    get timings() {
        return { ...this.#timings.values };
    }

    get localStream() {
        return this.#localMedia.stream;
    }

    get muted() {
        return { audio: this.#localMedia.audioMuted, video: this.#localMedia.videoMuted };
    }

    /** The browser's connection, for statistics; null before there is one. Not to be steered from outside. */
    get peerConnection() {
        return this.#peerSession?.connection ?? null;
    }

    // ------------------------------------------------------------------------------------------- the user's decisions

    /**
     * Picks up. The decision leaves at once; camera and microphone are opened meanwhile, and join when they are there.
     * @param {Partial<import("./local-media.js").MediaRequest>} [request] - default: what the caller asked for
     */
    accept({ audio = this.media.audio, video = this.media.video, stream } = {}) {
        if (this.role !== "callee") throw new Error("Only the callee can accept a call.");
        if (!this.#change(this.#state.pickedUp())) return;
        this.#mark("pickedUp");
        this.#link.send({ accept: { media: { audio, video } } });
        this.#peerSession?.pickedUp();
        this.#openMedia({ audio, video, stream });
    }

    /** Lets it ring on the user's other devices, and be quiet here. */
    ignore() {
        this.#leave({ ignore: {} }, "ignored");
    }

    /** This device is in a call already. */
    busy() {
        this.#leave({ busy: {} }, "busy");
    }

    /**
     * Ends the call: cancels, declines or hangs up, whichever it is by now.
     * @param {string} [reason]
     * @param {{ urgent?: boolean }} [options] - `urgent`: the page is about to go away
     */
    hangup(reason = "hangup", { urgent = false } = {}) {
        const message = this.#state.hangUp(reason);
        if (!message) return;
        this.#link.send(message, { urgent });
        this.#finish();
    }

    /** @param {{ audio?: boolean, video?: boolean }} muted - what is not named stays as it is */
    setMuted(muted) {
        this.#localMedia.setMuted(muted);
        const { audio, video } = this.muted;
        if (this.#state.selected && !this.#state.ended) {
            this.#link.send({ mediaState: { audioMuted: audio, videoMuted: video } });
        }
        this.dispatchEvent(new DetailEvent("mute", { local: this.muted, remote: this.remoteMuted }));
    }

    /** To be called by whoever draws the peer's video, when the first frame is on the screen. */
    firstFrameDrawn() {
        this.#mark("firstFrame");
    }

    // ------------------------------------------------------------------------------------------- the client's inputs

    /**
     * Starts an outgoing call.
     * @param {import("./local-media.js").MediaRequest} request
     */
    start(request) {
        this.#link.send({ invite: { callee: this.peer, media: this.media } });
        this.#peerSession = this.#createPeerSession(1);
        this.#peerSession.offer(this.media);
        this.#openMedia(request);
    }

    /** An incoming call is shown to the user: this device rings. */
    shown() {
        if (this.#state.ended) return;
        this.#link.send({ ringing: {} });
        this.#mark("ringing");
    }

    /** The server has committed these messages of ours. */
    accepted(messages) {
        if (messages.some((message) => message.invite)) this.#mark("accepted");
    }

    /** The server has refused a message of ours for good. */
    refused({ name, advice, message }) {
        const kind = Object.keys(message ?? {})[0];
        const reasons = {
            invite: name === "not_allowed" ? "not_allowed" : "server_error",
            accept: "server_error",
            description: this.#state.selected ? undefined : "media_error",
        };
        if (reasons[kind]) this.#end(reasons[kind]);
        else this.#tellProblem({ name, message: advice }, kind);
    }

    /** The server knows nothing of this call. */
    unknown() {
        this.#end("server_error");
    }

    /** @param {object} snapshot - of the wire; in place of the deliveries that led there */
    snapshotReceived({ state, reason, leg }) {
        if (state === "ended") return this.#end(reason || "hangup");
        if (leg === "cancelled") return this.#end(reason || "answered_elsewhere");
        if (leg === "declined" || leg === "busy" || leg === "ignored") return this.#end(leg);
        if (state === "ringing") this.#change(this.#state.ringingReceived());
        if (state === "connecting" || state === "active") this.#selected();
    }

    /** @param {object} message - of the wire, from the peer or the server, in order and once each */
    messageReceived(message) {
        if (this.#state.ended) return;
        const [kind, content] = Object.entries(message)[0] ?? [];
        switch (kind) {
            case "ringing":
                this.#mark("ringing");
                return this.#change(this.#state.ringingReceived());
            case "selected":
                return this.#selected();
            case "description":
                return this.#descriptionReceived(content);
            case "candidates":
                return void this.#peerSession?.candidatesReceived(content);
            case "mediaState":
                return this.#remoteMuted({ audio: content.audioMuted, video: content.videoMuted });
            case "info":
                return void this.dispatchEvent(new DetailEvent("info", content));
            case "iceServers":
                return this.#peerSession?.setIceServers(content.iceServers ?? []);
            case "ended":
                return this.#end(content.reason || "hangup");
            default:
                // A kind of a later version, or one that needs nothing here.
                return undefined;
        }
    }

    // ------------------------------------------------------------------------------------------- inside

    #selected() {
        this.#mark("selected");
        const changed = this.#state.selectedReceived();
        this.#peerSession?.selected();
        this.#change(changed);
        if (this.muted.audio || this.muted.video) this.setMuted({});
    }

    #descriptionReceived(description) {
        const { type, session = 0 } = description;
        const known = this.#peerSession?.session ?? 0;
        if (type === "offer" && session > known) return this.#answerNewSession(description);
        if (type === "offer" && !this.#state.selected) {
            return void this.#peerSession.prepareAnswer(description, { applyNow: this.#appliesAnswerNow });
        }
        return void this.#peerSession?.descriptionReceived(description);
    }

    /** The first offer of a call, or that of a peer which had to begin anew. */
    #answerNewSession(description) {
        this.#peerSession?.close();
        for (const track of this.remoteStream.getTracks()) this.remoteStream.removeTrack(track);
        this.#peerSession = this.#createPeerSession(description.session);
        this.#peerSession.prepareAnswer(description, { applyNow: this.#appliesAnswerNow });
        if (this.#state.selected) this.#peerSession.selected();
        this.#peerSession.setTracks(this.#localMedia.tracks);
    }

    get #appliesAnswerNow() {
        return this.#state.phase !== CallPhase.ringing || !this.#environment.appliesAnswerAtPickup;
    }

    #createPeerSession(session) {
        return new PeerSession({
            environment: this.#environment,
            configuration: this.#link.configuration(),
            session,
            polite: this.role === "callee",
            hooks: {
                send: (message) => !this.#state.ended && this.#link.send(message),
                step: (step) => this.#mark(step),
                trackReceived: (track) => this.#trackReceived(track),
                iceStateChanged: (state) => this.#iceStateChanged(state),
                failed: (error) => this.#negotiationFailed(error),
            },
        });
    }

    async #openMedia(request) {
        try {
            const stream = await this.#localMedia.open(request);
            if (!stream) return;
            this.dispatchEvent(new DetailEvent("localstream", { stream }));
            await this.#peerSession?.setTracks(this.#localMedia.tracks);
        } catch (error) {
            // The call goes on: one can listen without a microphone.
            this.#tellProblem(error, "media");
        }
    }

    #trackReceived(track) {
        if (this.remoteStream.getTracks().includes(track)) return;
        this.remoteStream.addTrack(track);
        this.dispatchEvent(new DetailEvent("remotestream", { stream: this.remoteStream }));
    }

    #iceStateChanged(state) {
        if (this.#state.ended) return;
        if (state === "connected" || state === "completed") return this.#mediaConnected();
        if (state !== "disconnected" && state !== "failed") return;
        this.#recovery.mediaLost({ atOnce: state === "failed" });
        if (!this.#change(this.#state.mediaLost())) return;
        this.#connectedSession = 0;
        this.#link.send({ reconnecting: {} });
    }

    #mediaConnected() {
        this.#recovery.mediaConnected();
        this.#mark("iceConnected");
        this.#change(this.#state.mediaConnected());
        const { session } = this.#peerSession;
        if (this.#connectedSession === session) return;
        this.#connectedSession = session;
        this.#link.send({ connected: { session } });
    }

    #negotiationFailed(error) {
        this.#tellProblem(error, "negotiation");
        const { phase } = this.#state;
        if (phase !== CallPhase.active && phase !== CallPhase.reconnecting) this.hangup("media_error");
    }

    #tellProblem({ name, message }, kind) {
        this.dispatchEvent(new DetailEvent("problem", { name, message, kind }));
    }

    #remoteMuted({ audio = false, video = false }) {
        this.remoteMuted = { audio, video };
        this.dispatchEvent(new DetailEvent("mute", { local: this.muted, remote: this.remoteMuted }));
    }

    /** This device takes no part any more; the call may go on elsewhere. */
    #leave(message, reason) {
        if (this.#state.phase !== CallPhase.ringing || this.role !== "callee") return;
        this.#link.send(message);
        this.#end(reason);
    }

    #end(reason) {
        if (this.#state.endedReceived(reason)) this.#finish();
    }

    #finish() {
        this.#recovery.mediaConnected();
        this.#peerSession?.close();
        this.#localMedia.close();
        this.#mark("ended");
        this.#change(true);
        this.#link.ended();
    }

    #mark(step) {
        if (!this.#timings.mark(step)) return;
        this.dispatchEvent(new DetailEvent("timing", { step, ms: this.#timings.values[step] }));
    }

    #change(changed) {
        if (changed) {
            const { phase, reason } = this.#state;
            this.dispatchEvent(new DetailEvent("state", { state: phase, reason }));
        }
        return changed;
    }
}
