/**
 * One call, as the application sees it: how it stands, and what the user can decide. Types and meaning of everything
 * here are in `types/call.d.ts`; what happens inside is in `CallCore`.
 */
export class Call extends EventTarget {
    #core;

    /** @param {import("./call-core.js").CallCore} core */
    constructor(core) {
        super();
        this.#core = core;
        core.target = this;
    }

    get id() {
        return this.#core.id;
    }

    get role() {
        return this.#core.role;
    }

    get peer() {
        return this.#core.peer;
    }

    get media() {
        return this.#core.media;
    }

    get state() {
        return this.#core.state.phase;
    }

    get endReason() {
        return this.#core.state.reason;
    }

    get endDetail() {
        return this.#core.endDetail;
    }

    get restored() {
        return this.#core.restored;
    }

    get startedAt() {
        return this.#core.startedAt;
    }

    get activeSince() {
        return this.#core.activeSince;
    }

    get timings() {
        return { ...this.#core.timings.values };
    }

    get localStream() {
        return this.#core.controls.local.stream;
    }

    get remoteStream() {
        return this.#core.controls.remote.stream;
    }

    get muted() {
        return this.#core.controls.muted;
    }

    get remoteMuted() {
        return this.#core.controls.remote.muted;
    }

    get screen() {
        return this.#core.controls.screen;
    }

    get videoPaused() {
        return this.#core.quality.videoPaused;
    }

    get peerReconnecting() {
        return this.#core.peerReconnecting;
    }

    get securityState() {
        return this.#core.securityState;
    }

    get securityCode() {
        return this.#core.securityCode;
    }

    get peerConnection() {
        return this.#core.negotiation.connection;
    }

    // ------------------------------------------------------------------------------------------- the user's decisions

    accept({ audio = this.media.audio, video = this.media.video, stream } = {}) {
        if (this.role !== "callee") throw new Error("Only the callee can accept a call.");
        const core = this.#core;
        if (!core.state.acceptRequested()) return;
        core.mark("pickedUp");
        core.chosen = { audio, video };
        core.save();
        core.link.send({ accept: { media: core.chosen } });
        core.negotiation.pickedUp();
        core.change(true);
        core.openMedia({ audio, video, stream });
    }

    hangup(reason = "hangup", { urgent = false } = {}) {
        this.#core.hangUp(reason, { urgent });
    }

    ignore() {
        this.#leave({ ignore: {} }, "ignored");
    }

    busy() {
        this.#leave({ busy: {} }, "busy");
    }

    setMuted(muted) {
        this.#core.controls.setMuted(muted);
    }

    async openMedia({ audio = false, video = false }) {
        this.#demandLife();
        const { chosen } = this.#core;
        this.#core.chosen = { audio: chosen.audio || audio, video: chosen.video || video };
        return this.#core.controls.openMore({ audio, video });
    }

    async addTrack(track) {
        this.#demandLife();
        this.#core.chosen = { ...this.#core.chosen, [track.kind]: true };
        await this.#core.controls.add(track);
    }

    async removeTrack(kind) {
        this.#core.chosen = { ...this.#core.chosen, [kind]: false };
        await this.#core.controls.remove(kind);
    }

    async shareScreen(stream) {
        this.#demandLife();
        return this.#core.controls.share(stream);
    }

    async stopSharing() {
        await this.#core.controls.stopSharing();
    }

    async setBitrate(limits) {
        this.#core.negotiation.sending.limit(limits);
        await this.#core.negotiation.applySending();
    }

    sendInfo(type, body) {
        if (!this.#core.state.selected || this.#core.state.ended) {
            throw new Error("There is nobody to hear it: wait until the call is picked up.");
        }
        this.#core.link.send({ info: { type, body } });
    }

    async restartIce() {
        await this.#core.restartIce();
    }

    async statistics() {
        return this.#core.quality.look();
    }

    firstFrameDrawn() {
        this.#core.mark("firstFrame");
    }

    // ------------------------------------------------------------------------------------------- inside

    /** This device takes no part any more; the call may go on elsewhere. */
    #leave(message, reason) {
        if (this.state !== "ringing" || this.role !== "callee") return;
        this.#core.link.send(message);
        this.#core.end(reason);
    }

    #demandLife() {
        if (this.#core.state.ended) throw new Error("The call has ended.");
    }
}
