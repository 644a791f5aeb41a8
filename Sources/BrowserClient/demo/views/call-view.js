import { element, setText } from "../page.js";
import { isDrawn, showAvatar } from "../portrait.js";
import { callText, durationText, interruptionText, noteTexts } from "../words.js";
import { ControlsView } from "./controls-view.js";
import { PanelView } from "./panel-view.js";
import { SecurityView } from "./security-view.js";

/** Whatever changes what is seen of a call. */
const EVENTS = ["state", "timing", "mute", "screen", "peer", "glare", "handover", "security", "videopause"];

/** The screen of one call: both pictures, what there is to say of them, the controls, the panel. */
export class CallView {
    #root = document.getElementById("call");
    #stage = this.#root.querySelector(".stage");
    #remote = element("remote-video");
    #local = element("local-video");
    #controls;
    #security = new SecurityView();
    #panel;
    #client;
    /** @type {import("../../sdk/index.js").Call | null} */
    #call = null;
    #abort = null;
    #ticker = null;
    #note = null;
    #returned = false;
    #handover = false;

    /** @param {import("../../sdk/index.js").SwitchboardClient} client */
    constructor(client) {
        this.#client = client;
        this.#controls = new ControlsView((text) => this.note(text));
        this.#panel = new PanelView();
        element("sound").onclick = () => this.#play();
    }

    /** @param {import("../../sdk/index.js").Call} call */
    show(call) {
        this.hide();
        this.#call = call;
        this.#abort = new AbortController();
        const { signal } = this.#abort;
        this.#returned = false;
        this.#handover = false;
        setText(element("peer"), call.peer);
        showAvatar(this.#stage.querySelector(".avatar"), call.peer);
        this.note(null);
        element("sound").hidden = true;
        this.#remote.srcObject = call.remoteStream;
        call.addEventListener("glare", () => (this.#returned = true), { signal });
        call.addEventListener("handover", ({ detail }) => (this.#handover = detail.state === "started"), { signal });
        for (const type of EVENTS) call.addEventListener(type, () => this.#update(), { signal });
        call.addEventListener("localstream", () => this.#update(), { signal });
        call.addEventListener("remotestream", () => this.#play(), { signal });
        call.addEventListener("statistics", ({ detail }) => this.#panel.statistics.show(detail), { signal });
        this.#remote.addEventListener("resize", () => this.#update(), { signal });
        this.#remote.requestVideoFrameCallback?.(() => call.firstFrameDrawn());
        this.#panel.begin(call);
        this.#ticker = setInterval(() => this.#update(), 1_000);
        this.#update();
    }

    hide() {
        this.#abort?.abort();
        clearInterval(this.#ticker);
        this.#call = null;
        this.#security.hide();
        this.#remote.srcObject = null;
        this.#local.srcObject = null;
    }

    /** @param {string | null} text - something that the user should know about his own media */
    note(text) {
        this.#note = text;
        if (this.#call) this.#update();
    }

    #play() {
        const { remoteStream } = this.#call;
        if (this.#remote.srcObject !== remoteStream) this.#remote.srcObject = remoteStream;
        // The browser wants a click before sound. Picking up was one; a page that was loaded anew lacks it.
        this.#remote.play().then(
            () => (element("sound").hidden = true),
            (error) => (element("sound").hidden = error.name !== "NotAllowedError"),
        );
        this.#update();
    }

    #update() {
        const call = this.#call;
        if (!call) return;
        this.#root.dataset.callState = call.state;
        setText(element("call-state"), callText(call, { returned: this.#returned }));
        const talking = call.activeSince !== null && (call.state === "active" || call.state === "reconnecting");
        setText(element("clock"), talking ? durationText(Date.now() - call.activeSince) : null);
        setText(element("interruption"), interruptionText(call));
        this.#showRemote(call);
        this.#showLocal(call);
        this.#showNotes(call);
        this.#controls.show(call);
        this.#security.show(call);
        this.#panel.show(call, this.#client);
    }

    #showRemote(call) {
        const seen = this.#remote.videoWidth > 0 && (call.screen.remote || !call.remoteMuted.video);
        this.#stage.dataset.media = seen ? "video" : "none";
        this.#stage.dataset.fit = call.screen.remote ? "whole" : "filled";
    }

    #showLocal({ localStream, muted, screen }) {
        const track = localStream?.getVideoTracks()[0];
        this.#local.hidden = !track || (muted.video && !screen.local);
        if (this.#local.srcObject !== localStream) this.#local.srcObject = localStream;
        // People know themselves from the mirror; a drawn picture and a screen have letters.
        this.#local.dataset.mirrored = String(Boolean(track) && !screen.local && !isDrawn(track));
    }

    #showNotes(call) {
        const texts = noteTexts(call, { media: this.#note, handover: this.#handover });
        for (const note of this.#stage.querySelectorAll(".note")) setText(note, texts[note.dataset.note]);
    }
}
