import { DetailEvent } from "../events.js";
import { CallQuality } from "../statistics/call-quality.js";
import { callRecord } from "./call-record.js";
import { CallPhase, CallState } from "./call-state.js";
import { CallTimings } from "./call-timings.js";
import { MediaControls } from "./media-controls.js";
import { Negotiation, silentHooks } from "./negotiation.js";
import { MediaRecovery } from "./recovery.js";

/**
 * @typedef {object} CallLink - to the client
 * @property {(message: object, options?: { urgent?: boolean }) => number} send
 * @property {() => RTCConfiguration} configuration
 * @property {() => Promise<void>} freshIceServers - settled when there are some, or none are to be had for now
 * @property {(media: { audio: boolean, video: boolean }) => Promise<MediaStream>} openMedia
 * @property {() => import("../media/sending-policy.js").SendingPolicy} sendingPolicy
 * @property {(record: import("./call-record.js").CallRecord) => void} store
 * @property {() => void} callAgain - under a new id: `CallInputs.continueAs` follows
 * @property {() => void} phaseChanged
 * @property {() => void} ended - once
 */

/**
 * What one call is made of, and what happens to it from inside: by its media, by time. `Call` is what the application
 * sees of it, `CallInputs` what the client and the server tell it.
 *
 * The server decides who answered and when the call is over; this object follows what it is told, except that a call
 * which the user ends is over here at once: the message that says so is in the outbox and gets through when it can.
 */
export class CallCore {
    id;
    role;
    peer;
    /** What the caller asked for. */
    media;
    /** What this device's user wants to send. */
    chosen;
    restored = false;
    startedAt;
    activeSince = null;
    endDetail = undefined;
    peerReconnecting = false;
    securityState = "unavailable";
    securityCode = null;
    /** A callee's answer, given while it rang, whose peer connection has gone with an earlier life of the page. */
    answered = false;
    /** The other's call in place of our own (glare), not selected yet. */
    returning = false;
    mayCallAgain = true;
    /** Whether camera and microphone were asked for. */
    mediaWanted = false;

    /** @type {CallState} */
    state;
    /** @type {Negotiation} */
    negotiation;
    /** @type {MediaRecovery} */
    recovery;
    /** @type {CallLink} */
    link;
    environment;
    timings;
    controls;
    quality;
    /** @type {EventTarget} where its events are told */
    target;

    /**
     * @param {object} options
     * @param {string} options.id
     * @param {"caller" | "callee"} options.role
     * @param {string} options.peer
     * @param {{ audio?: boolean, video?: boolean }} options.media
     * @param {import("../environment.js").Environment} options.environment
     * @param {CallLink} options.link
     * @param {object} [options.quality] - `intervalMs`, `videoPause`; see `CallQuality`
     * @param {CallState} [options.state]
     */
    constructor({ id, role, peer, media, environment, link, quality, state = new CallState(role) }) {
        this.id = id;
        this.role = role;
        this.peer = peer;
        this.media = { audio: Boolean(media?.audio), video: Boolean(media?.video) };
        this.chosen = this.media;
        this.startedAt = environment.now();
        this.environment = environment;
        this.link = link;
        this.state = state;
        this.timings = new CallTimings(() => environment.now());
        this.controls = new MediaControls({ environment, hooks: this.#mediaHooks() });
        this.quality = new CallQuality({ environment, ...quality, hooks: this.#qualityHooks() });
        this.begin();
    }

    /**
     * Begins in this conversation: with a negotiation that is under way already, or with none.
     * @param {Negotiation} [negotiation]
     */
    begin(negotiation) {
        this.recovery = new MediaRecovery({
            environment: this.environment,
            role: this.role,
            restart: () => this.restartIce(),
            giveUp: () => (this.state.takingOver ? this.end("connect_failed") : this.hangUp("media_lost")),
        });
        this.negotiation = negotiation ?? new Negotiation({
            environment: this.environment,
            configuration: () => this.link.configuration(),
            id: this.id,
            role: this.role,
            ringing: !this.state.pickedUp,
            sending: this.link.sendingPolicy(),
            hooks: silentHooks,
        });
        this.negotiation.hooks = this.#negotiationHooks();
    }

    // ------------------------------------------------------------------------------------------- its course

    hangUp(reason, options) {
        if (this.state.takingOver) {
            // The call is another device's, and just goes on there.
            this.link.send({ cancel: {} }, options);
            return this.end("cancelled");
        }
        const message = this.state.hangUp(reason);
        if (!message) return undefined;
        this.link.send(message, options);
        return this.#finish();
    }

    /** @param {string} reason */
    end(reason, detail) {
        if (this.state.ended) return;
        if (this.returning && reason !== "answered_elsewhere") {
            // The other's call is over before it was picked up, and ours made way for it: the user still wants one.
            this.returning = false;
            if (this.mayCallAgain) return void this.link.callAgain();
        }
        this.endDetail = detail || undefined;
        if (this.state.endedReceived(reason)) this.#finish();
    }

    async restartIce() {
        await this.link.freshIceServers();
        if (!this.state.ended) this.negotiation.restartIce();
    }

    /** @param {import("./local-media.js").MediaRequest} request */
    async openMedia(request) {
        this.mediaWanted = true;
        try {
            await this.controls.open(request);
        } catch (error) {
            // The call goes on: one can listen without a microphone.
            this.tellProblem(error, "media");
        }
    }

    // ------------------------------------------------------------------------------------------- what is told

    emit(type, detail) {
        this.target?.dispatchEvent(new DetailEvent(type, detail));
    }

    /** @param {boolean} changed - what an input of the state returned */
    change(changed) {
        if (!changed) return;
        const { phase: state, reason } = this.state;
        this.emit("state", { state, reason, detail: this.endDetail });
        this.link.phaseChanged();
    }

    mark(step) {
        if (this.timings.mark(step)) this.emit("timing", { step, ms: this.timings.values[step] });
    }

    tellProblem({ name, message }, kind) {
        this.emit("problem", { name, message, kind });
    }

    peerReconnects(reconnecting) {
        if (this.peerReconnecting === reconnecting) return;
        this.peerReconnecting = reconnecting;
        this.emit("peer", { reconnecting });
    }

    /** Keeps for the next life of the page what it must know. */
    save() {
        const { state, negotiation } = this;
        // Calls that ring here are told anew by the server, and one that another device has is not ours.
        if (state.ended || state.takingOver) return;
        this.link.store(callRecord({
            id: this.id,
            role: this.role,
            peer: this.peer,
            media: this.media,
            chosen: this.chosen,
            muted: this.controls.muted,
            pickedUp: state.pickedUp,
            selected: state.selected,
            session: negotiation.highestSession,
            answered: this.answered,
            returning: this.returning,
            mayCallAgain: this.mayCallAgain,
            startedAt: this.startedAt,
            activeSince: this.activeSince,
        }));
    }

    // ------------------------------------------------------------------------------------------- inside

    #mediaHooks() {
        return {
            openDevices: (media) => this.link.openMedia(media),
            setTracks: (tracks) => this.negotiation.setTracks(tracks),
            announce: (message) => this.state.selected && !this.state.ended && this.link.send(message),
            emit: (type, detail) => this.emit(type, detail),
            changed: () => this.save(),
        };
    }

    #qualityHooks() {
        return {
            connection: () => this.negotiation.connection,
            sendsVideo: () => Boolean(this.controls.local.tracks.video?.enabled),
            sampled: (statistics) => this.emit("statistics", statistics),
            paused: (paused, availableKbps) => this.#videoPaused(paused, availableKbps),
        };
    }

    /** @returns {import("./negotiation.js").NegotiationHooks} */
    #negotiationHooks() {
        return {
            send: (message) => !this.state.ended && this.link.send(message),
            step: (step) => this.mark(step),
            began: () => this.save(),
            answered: () => this.#answerGiven(),
            mediaChanged: (state) => this.#mediaChanged(state),
            trackReceived: (track) => this.controls.remote.add(track),
            cleared: () => this.controls.remote.clear(),
            switched: (tracks) => this.#switched(tracks),
            handover: (state, device) => this.emit("handover", { state, device }),
            security: (state, code) => this.#securityChanged(state, code),
            problem: (problem, kind) => this.tellProblem(problem, kind),
            failed: (error) => this.#negotiationFailed(error),
        };
    }

    #answerGiven() {
        if (this.answered || this.state.pickedUp) return;
        this.answered = true;
        this.save();
    }

    #mediaChanged(state) {
        if (this.state.ended) return;
        if (state === "connected") return this.mediaConnected();
        this.recovery.mediaLost({ atOnce: state === "failed" });
        this.quality.stop();
        if (!this.state.mediaLost()) return;
        this.change(true);
        this.link.send({ reconnecting: {} });
    }

    /** Packets pass. A call that is being taken over is not active before the server has decided so. */
    mediaConnected() {
        this.recovery.mediaConnected();
        this.mark("iceConnected");
        if (this.state.takingOver) return;
        this.quality.start();
        if (this.activeSince === null) {
            this.activeSince = this.environment.now();
            this.save();
        }
        this.change(this.state.mediaConnected());
    }

    /** The peer has another connection: perhaps another device, which knows nothing of how things stand. */
    async #switched(tracks) {
        this.controls.announceIfNotable();
        await this.controls.remote.switchTo(tracks);
    }

    async #videoPaused(paused, availableKbps) {
        this.negotiation.sending.videoActive = !paused;
        this.controls.setPaused(paused);
        this.emit("videopause", { paused, availableKbps });
        await this.negotiation.applySending();
    }

    #securityChanged(state, code) {
        this.securityState = state;
        this.securityCode = code;
        this.emit("security", { state, code });
    }

    #negotiationFailed(error) {
        this.tellProblem(error, "negotiation");
        const { phase } = this.state;
        if (phase !== CallPhase.active && phase !== CallPhase.reconnecting) this.hangUp("media_error");
    }

    #finish() {
        this.recovery.mediaConnected();
        this.quality.stop();
        this.negotiation.close();
        this.controls.close();
        this.mark("ended");
        this.change(true);
        this.link.ended();
    }
}
