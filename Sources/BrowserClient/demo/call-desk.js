import { openMedia, sharpen } from "./media.js";
import { focusInput, element, showScreen } from "./page.js";
import { endText, incomingText, missed, overText } from "./words.js";

/** After the first picture, until the camera's size is raised: the browser's estimate of the network has grown. */
const SHARPEN_MS = 3_000;

/**
 * Decides which call has the screen and which one rings, and carries out what the user says about them.
 *
 * One call has the screen at most. Others ring one after the other, in the dialog; picking one up ends the one on the
 * screen.
 */
export class CallDesk {
    /** @type {import("../sdk/index.js").Call | null} on the screen, or the last one that was */
    current = null;
    #client;
    #views;
    #ringer;
    #recent;
    /** @type {import("../sdk/index.js").Call[]} in the order in which they came */
    #ringing = [];
    /** @type {import("../sdk/index.js").PushPayload | null} a call that the server is asked about */
    #asked = null;
    /** Calls whose end the user has been told. */
    #told = new WeakSet();

    /**
     * @param {object} options
     * @param {import("../sdk/index.js").SwitchboardClient} options.client
     * @param {object} options.views - call, incoming, notice, recent
     * @param {import("./ringer.js").Ringer} options.ringer
     * @param {import("./recent-calls.js").RecentCalls} options.recent
     */
    constructor({ client, views, ringer, recent }) {
        this.#client = client;
        this.#views = views;
        this.#ringer = ringer;
        this.#recent = recent;
        views.recent.show(recent.all);
        client.addEventListener("incoming", ({ detail }) => this.#ring(detail.call));
        client.addEventListener("restored", ({ detail }) => this.#restored(detail.call));
    }

    /** What the client opens camera and microphone with. */
    async openMedia(media, call, name) {
        const { stream, note } = await openMedia(media, name);
        if (this.current === call) this.#views.call.note(note);
        return stream;
    }

    // ---------------------------------------------------------------------------------------- the user's decisions

    dial(peer, video) {
        this.#views.notice.show(null);
        this.#enter(this.#client.call(peer, { audio: true, video }));
    }

    pickUp(video) {
        const call = this.#ringing.shift();
        if (!call) return;
        const previous = this.#talking ? this.current : null;
        call.accept({ audio: true, video: video && call.media.video });
        this.#enter(call);
        previous?.hangup();
    }

    /** Says no for all devices; while talking, only that this one is busy. */
    decline() {
        const [call] = this.#ringing;
        if (this.#talking) call?.busy();
        else call?.hangup();
    }

    ignore() {
        this.#ringing[0]?.ignore();
    }

    /** @param {import("../sdk/index.js").CallElsewhere} call */
    takeOver({ callId, media }) {
        this.#enter(this.#client.takeOver(callId, { audio: true, video: media?.video ?? true }));
    }

    /** A push has brought the user here, or came while the page was there: does its call still ring? */
    async pushed(payload) {
        this.#asked = payload;
        this.#update();
        const call = await this.#client.pushed(payload).catch(() => null);
        if (this.#asked === payload) this.#asked = null;
        if (call) this.#tellEnd(call);
        else if (!this.#knows(payload.conversation)) this.#views.notice.show(overText(payload.caller));
        this.#update();
    }

    // ---------------------------------------------------------------------------------------- inside

    get #talking() {
        return this.current !== null && this.current.state !== "ended";
    }

    #knows(id) {
        return this.#client.calls.some((call) => call.id === id) || this.#recent.all.some((call) => call.id === id);
    }

    /** It may be over before it rings here. */
    #tellEnd(call) {
        if (call.state === "ended") return this.#ended(call);
        return call.addEventListener("state", () => call.state === "ended" && this.#ended(call));
    }

    #ring(call) {
        if (this.#asked?.conversation === call.id) this.#asked = null;
        this.#ringing.push(call);
        call.addEventListener("state", () => {
            if (call.state !== "ended" || !this.#ringing.includes(call)) return;
            this.#ringing = this.#ringing.filter((other) => other !== call);
            this.#ended(call);
        });
        this.#update();
    }

    #restored(call) {
        if (call.role === "callee" && call.state === "ringing") this.#ring(call);
        else this.#enter(call);
    }

    /** The call takes the screen. */
    #enter(call) {
        this.current = call;
        this.#views.call.show(call);
        showScreen("call");
        call.addEventListener("state", () => {
            if (call.state === "ended") this.#ended(call);
            else this.#update();
        });
        call.addEventListener("timing", ({ detail }) => {
            if (detail.step === "firstFrame") setTimeout(() => this.#sharpen(call), SHARPEN_MS);
        });
        this.#update();
        // Not the red button: a key pressed too late must not end the call.
        element("peer").focus({ preventScroll: true });
    }

    #sharpen(call) {
        if (call.state !== "ended" && !call.screen.local) sharpen(call.localStream);
    }

    #ended(call) {
        if (this.#told.has(call)) return;
        this.#told.add(call);
        if (call.endReason !== "glare") this.#recent.add(call);
        this.#views.recent.show(this.#recent.all);
        const renewed = this.#client.calls.some(({ peer }) => peer === call.peer);
        const text = endText(call, { renewed });
        const wasMissed = missed(call);
        if (text) this.#views.notice.show(text, { missed: wasMissed, callBack: wasMissed ? call.peer : undefined });
        if (this.current === call) {
            this.#views.call.hide();
            showScreen("home");
        }
        this.#update();
        if (!this.#talking && !this.#ringing.length) focusInput("callee-input");
    }

    /** The dialog, the sound and the title follow from what there is. */
    #update() {
        const [ringing] = this.#ringing;
        if (ringing) this.#views.incoming.show(ringing, { talking: this.#talking });
        else if (this.#asked) this.#views.incoming.ask(this.#asked);
        else this.#views.incoming.hide();
        this.#ringer.play(this.#sound(ringing));
        const idle = this.#client.user ? `${this.#client.user} · Switchboard` : "Switchboard";
        document.title = ringing ? incomingText(ringing.peer) : idle;
    }

    #sound(ringing) {
        if (ringing) return this.#talking ? "waiting" : "ring";
        const called = this.current?.role === "caller" && this.current.state === "ringing";
        return called ? "ringback" : null;
    }
}
