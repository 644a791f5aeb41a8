import { Call } from "./call.js";
import { CallCore } from "./call-core.js";
import { CallPhase, CallState } from "./call-state.js";

/** Why a call ends when the server refuses a message of it for good. */
const endsIfRefused = {
    invite: (name) => (name === "not_allowed" ? "not_allowed" : "server_error"),
    accept: () => "server_error",
    handover: () => "connect_failed",
};

/** More peer connections than a call makes between two moments at which a device is told of them. */
const SESSION_LEAP = 16;
/** After so many offers of ever higher sessions, it is something else that the server does not like. */
const HANDOVER_OFFERS = 4;

/**
 * What the client and the server tell one call. Inputs are named after what happened.
 */
export class CallInputs {
    /** @type {Call} what the application sees */
    call;
    #core;
    /** Whether anything was heard of it since the page was loaded anew. */
    heardOf = false;
    /** The network changed after we had prepared ourselves, and before there was a peer to find a new path to. */
    #networkHasChanged = false;
    /** Our offer was made before any ICE servers were known. */
    #madeWithoutServers = false;
    #handoverOffers = 0;

    /** @param {ConstructorParameters<typeof CallCore>[0]} options */
    constructor(options) {
        this.#core = new CallCore(options);
        this.call = new Call(this.#core);
        this.#core.mark("invited");
    }

    /**
     * A call of an earlier life of the page.
     * @param {import("./call-record.js").CallRecord} record
     * @param {object} options - of the constructor, as far as the record does not tell
     */
    static restore(record, options) {
        const { id, role, peer, media, pickedUp, selected, activeSince } = record;
        const state = CallState.restored(role, { pickedUp, selected, wasActive: activeSince !== null });
        const inputs = new CallInputs({ ...options, id, role, peer, media, state });
        const core = inputs.#core;
        const { chosen, answered, returning, mayCallAgain, startedAt } = record;
        Object.assign(core, { restored: true, chosen, answered, returning, mayCallAgain, startedAt, activeSince });
        core.negotiation.noteSession(record.session);
        if (selected) core.negotiation.selectedReceived();
        core.controls.local.setMuted(record.muted);
        return inputs;
    }

    /** The state of a call that this device is about to fetch from another. */
    static takingOverState(role) {
        return CallState.takingOver(role);
    }

    get id() {
        return this.#core.id;
    }

    get ended() {
        return this.#core.state.ended;
    }

    /** Whether this device has the call. */
    get selected() {
        return this.#core.state.selected && !this.ended;
    }

    get takingOver() {
        return this.#core.state.takingOver;
    }

    /** The highest number of a peer connection of this call that is known here. */
    get highestSession() {
        return this.#core.negotiation.highestSession;
    }

    // ------------------------------------------------------------------------------------------- beginnings

    /**
     * Starts an outgoing call.
     * @param {import("./local-media.js").MediaRequest} request
     */
    start(request) {
        this.#core.chosen = { audio: request.audio, video: request.video };
        this.#invite();
        this.#core.openMedia(request);
    }

    /**
     * Fetches the call from another device of this user.
     * @param {import("./local-media.js").MediaRequest} request
     * @param {number} session - the highest known of the call
     */
    takeOver(request, session) {
        const core = this.#core;
        const { audio, video } = request;
        core.chosen = { audio, video };
        core.link.send({ handover: { media: core.chosen } });
        core.negotiation.noteSession(session);
        this.#offerHandover();
        core.openMedia(request);
        core.recovery.mediaAwaited();
    }

    /** The page was loaded anew, and is connected now: goes on as far as that needs nothing told by the server. */
    resume() {
        const { role, state, negotiation } = this.#core;
        if (role !== "caller" || state.selected || state.ended || negotiation.connection) return;
        // Whether our call rings still or was picked up meanwhile, an offer on a new connection is right.
        this.#beginAnew();
    }

    /** An incoming call is shown to the user: this device rings. */
    shown() {
        if (this.#core.state.pickedUp) return;
        this.#core.link.send({ ringing: {} });
        this.#core.mark("ringing");
    }

    // ------------------------------------------------------------------------------------------- glare

    /**
     * Another call object goes on with this one's conversation. For the application this one has ended.
     * @returns {import("./negotiation.js").Negotiation} what was prepared in it
     */
    surrender() {
        const { negotiation } = this.#core;
        this.#core.begin();
        this.#core.end("glare");
        return negotiation;
    }

    /**
     * Both had called each other, and this object goes on as another call: the winner's, which it picks up, or one more
     * of its own if that one is over.
     * @param {object} other
     * @param {string} other.id
     * @param {"caller" | "callee"} other.role
     * @param {{ audio?: boolean, video?: boolean }} [other.media] - of the winner
     * @param {import("./negotiation.js").Negotiation} [other.negotiation]
     */
    continueAs({ id, role, media, negotiation }) {
        const core = this.#core;
        const previousId = core.id;
        core.negotiation.close();
        core.recovery.mediaConnected();
        core.controls.remote.clear();
        const isReturn = role === "callee";
        const asked = isReturn ? { audio: Boolean(media?.audio), video: Boolean(media?.video) } : core.chosen;
        Object.assign(core, { id, role, media: asked, state: new CallState(role), answered: false });
        core.returning = isReturn;
        if (!isReturn) core.mayCallAgain = false;
        if (isReturn) core.state.acceptRequested();
        core.begin(negotiation);
        // Those of a connection that the other object has prepared were told to that one.
        for (const track of core.negotiation.remoteTracks) core.controls.remote.add(track);
        core.emit("glare", { previousId, id, role });
        if (isReturn) this.#acceptReturnCall();
        else this.#invite();
        core.negotiation.setTracks(core.controls.local.tracks);
        core.change(true);
    }

    // ------------------------------------------------------------------------------------------- the server

    /** It has committed these messages of ours. */
    accepted(messages) {
        if (!messages.some((message) => message.invite)) return;
        this.heardOf = true;
        this.#core.mark("accepted");
    }

    /** It has refused a message of ours for good. */
    refused({ name, advice, message }) {
        const { state } = this.#core;
        if (state.ended) return undefined;
        const kind = Object.keys(message ?? {})[0];
        if (kind === "description" && state.takingOver && this.#handoverOffers < HANDOVER_OFFERS) {
            return this.#offerHandover();
        }
        const isFirstOffer = kind === "description" && !state.pickedUp;
        const reason = isFirstOffer ? "media_error" : endsIfRefused[kind]?.(name);
        if (reason) return this.#core.end(reason);
        return this.#core.tellProblem({ name, message: advice }, kind);
    }

    /** It knows nothing of this call. */
    unknown() {
        this.#core.end("server_error");
    }

    /** A restored call is not there any more, and nobody tells how it ended. */
    lost() {
        this.#core.end(this.#core.state.pickedUp ? "hangup" : "cancelled");
    }

    /** @param {object} snapshot - of the wire; in place of the deliveries that led there */
    snapshotReceived({ state, reason, leg, session = 0, selected, activeDevice }) {
        const core = this.#core;
        this.heardOf = true;
        core.negotiation.noteSession(session);
        if (state === "ended") return core.end(reason || "hangup");
        if (leg === "cancelled") return core.end(reason || "answered_elsewhere");
        if (activeDevice && !core.state.takingOver) {
            return core.end(core.state.selected ? "replaced" : "answered_elsewhere");
        }
        if (leg === "declined" || leg === "busy" || leg === "ignored") return core.end(leg);
        if (state === "ringing") core.change(core.state.ringingReceived());
        if (state === "connecting" || state === "active") this.#selectedReceived(selected);
        return undefined;
    }

    /**
     * @param {object} message - of the wire, from the peer or the server, in order and once each
     * @param {{ device?: string }} [sender]
     */
    messageReceived(message, { device } = {}) {
        const core = this.#core;
        this.heardOf = true;
        if (core.state.ended) return undefined;
        const [kind, content] = Object.entries(message)[0] ?? [];
        switch (kind) {
            case "ringing":
                core.mark("ringing");
                return core.change(core.state.ringingReceived());
            case "selected":
                return this.#selectedReceived(content);
            case "description":
                return this.#descriptionReceived(content, device);
            case "candidates":
                return core.negotiation.candidatesReceived(content);
            case "security":
                return core.negotiation.securityReceived(content);
            case "handover":
                return core.negotiation.handoverReceived({ ...content, device: content.device ?? device });
            case "mediaState":
                return core.controls.stateReceived(content);
            case "info":
                return core.emit("info", { type: content.type ?? "", body: content.body ?? "" });
            case "reconnecting":
                return core.peerReconnects(true);
            case "connected":
                return core.peerReconnects(false);
            case "ended":
                return core.end(content.reason || "hangup", content.detail);
            default:
                // A kind of a later version, or one that needs nothing here.
                return undefined;
        }
    }

    // ------------------------------------------------------------------------------------------- the surroundings

    /** The network is another, or back. */
    async networkChanged() {
        const { state, role, link, negotiation } = this.#core;
        if (state.ended) return;
        if (state.selected) return void this.#core.restartIce();
        if (role === "callee") return void (this.#networkHasChanged = true);
        await link.freshIceServers();
        // Meanwhile it may have been picked up: then the media, if it comes about at all, is restarted as usual.
        negotiation.revise();
    }

    /** @param {RTCIceServer[]} iceServers */
    iceServersChanged(iceServers) {
        this.#core.negotiation.setIceServers(iceServers);
        if (!this.#madeWithoutServers || iceServers.length === 0) return;
        // The call was made without a connection, and what was gathered then will hardly do.
        this.#madeWithoutServers = false;
        this.#core.negotiation.revise();
    }

    // ------------------------------------------------------------------------------------------- inside

    #invite() {
        const core = this.#core;
        core.save();
        core.link.send({ invite: { callee: core.peer, media: core.media } });
        this.#madeWithoutServers = (core.link.configuration().iceServers ?? []).length === 0;
        core.negotiation.offer(core.media);
    }

    /** The session must be higher than all of the call, of which this device may not have been told. */
    #offerHandover() {
        const { negotiation, chosen, media } = this.#core;
        this.#handoverOffers += 1;
        negotiation.noteSession(negotiation.highestSession + SESSION_LEAP);
        negotiation.offer({ audio: true, video: chosen.video || media.video });
    }

    #acceptReturnCall() {
        const core = this.#core;
        core.mark("pickedUp");
        core.save();
        core.link.send({ accept: { media: core.chosen } });
        core.negotiation.pickedUp();
    }

    #selectedReceived(content) {
        const core = this.#core;
        if (core.state.ended) return;
        core.mark("selected");
        const { selected: wasSelected, takingOver: wasTakingOver } = core.state;
        core.returning = false;
        const changed = core.state.selectedReceived();
        core.negotiation.selectedReceived(content);
        core.save();
        core.change(changed);
        if (wasTakingOver && core.negotiation.mediaFlows) core.mediaConnected();
        if (core.restored && !core.negotiation.connection) this.#beginAnew();
        if (!wasSelected) core.controls.announceIfNotable();
        if (this.#networkHasChanged) core.recovery.mediaDoubtful();
        this.#networkHasChanged = false;
    }

    #descriptionReceived(description, device) {
        const core = this.#core;
        const { negotiation, state } = core;
        if (core.restored && core.answered && !state.selected && !negotiation.connection) {
            // It was answered once, by a peer connection that went with its page, and that answer is released at
            // pickup. A second one would be dropped: after pickup a new connection begins.
            return negotiation.noteSession(description.session);
        }
        return negotiation.descriptionReceived(description, device);
    }

    /** A page that was loaded anew makes a new peer connection, which asks the other side for one too. */
    #beginAnew() {
        const core = this.#core;
        const { chosen, media } = core;
        core.negotiation.offer({ audio: chosen.audio || media.audio, video: chosen.video || media.video });
        if (!core.mediaWanted) core.openMedia(chosen);
        if (core.state.phase === CallPhase.reconnecting) core.recovery.mediaAwaited();
    }
}
