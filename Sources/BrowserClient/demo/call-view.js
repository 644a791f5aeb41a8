import { isDrawn, showAvatar } from "./portrait.js";
import { TimingsView } from "./timings-view.js";
import { callText, durationText } from "./words.js";

/** The screen of one call: both pictures, the controls, the timings. */
export class CallView {
    #root;
    #stage;
    #remote;
    #local;
    #timings;
    #call = null;
    #abort = null;
    #ticker = null;
    #client;

    /**
     * @param {HTMLElement} root
     * @param {import("../sdk/index.js").SwitchboardClient} client
     */
    constructor(root, client) {
        this.#root = root;
        this.#client = client;
        this.#stage = root.querySelector(".stage");
        this.#remote = root.querySelector(".remote");
        this.#local = root.querySelector(".local");
        this.#timings = new TimingsView(root.querySelector(".details"));
        this.#button("mute").onclick = () => this.#call?.setMuted({ audio: !this.#call.muted.audio });
        this.#button("camera").onclick = () => this.#call?.setMuted({ video: !this.#call.muted.video });
        this.#button("hangup").onclick = () => this.#call?.hangup();
        // On a wide screen there is room for the timings beside the picture.
        root.querySelector(".details").open = matchMedia("(min-width: 900px)").matches;
    }

    /** @param {import("../sdk/index.js").Call} call */
    show(call) {
        this.hide();
        this.#call = call;
        this.#abort = new AbortController();
        const { signal } = this.#abort;
        this.#text("peer", call.peer);
        this.#text("call-id", call.id);
        showAvatar(this.#root.querySelector(".avatar"), call.peer);
        this.note(null);
        this.#remote.srcObject = call.remoteStream;
        this.#remote.requestVideoFrameCallback?.(() => call.firstFrameDrawn());
        for (const type of ["state", "timing", "mute"]) call.addEventListener(type, () => this.#update(), { signal });
        call.addEventListener("localstream", ({ detail }) => this.#showLocal(detail.stream), { signal });
        call.addEventListener("remotestream", ({ detail }) => this.#play(detail.stream), { signal });
        this.#remote.addEventListener("resize", () => this.#update(), { signal });
        this.#ticker = setInterval(() => this.#update(), 1_000);
        this.#update();
    }

    hide() {
        this.#abort?.abort();
        clearInterval(this.#ticker);
        this.#call = null;
        this.#remote.srcObject = null;
        this.#local.srcObject = null;
    }

    /** @param {string | null} text - something that the user should know about his own media */
    note(text) {
        const note = this.#root.querySelector(".media-note");
        note.hidden = !text;
        note.textContent = text ?? "";
    }

    #showLocal(stream) {
        this.#local.srcObject = stream;
        const [track] = stream.getVideoTracks();
        this.#local.dataset.mirrored = String(!isDrawn(track));
        this.#update();
    }

    #play(stream) {
        this.#remote.srcObject = stream;
        // Where the browser wants a click before sound, the click on "pick up" was one; a reload may lack it.
        this.#remote.play().catch(() => {});
    }

    #update() {
        const call = this.#call;
        if (!call) return;
        const { iceConnected } = call.timings;
        const active = call.state === "active" && iceConnected !== undefined;
        if (active) this.#connectedAt ??= performance.now();
        else if (call.state !== "reconnecting") this.#connectedAt = null;
        this.#text("call-state", active ? durationText(performance.now() - this.#connectedAt) : callText(call));
        this.#text("node", this.#client.node ?? "–");
        this.#root.dataset.callState = call.state;
        const frames = this.#remote.videoWidth > 0 && !call.remoteMuted.video;
        this.#stage.dataset.media = frames ? "video" : "none";
        this.#local.hidden = !call.localStream?.getVideoTracks().length || call.muted.video;
        this.#showControls(call);
        this.#timings.show(call);
    }

    #connectedAt = null;

    #showControls({ muted, remoteMuted, peer, media, localStream }) {
        const hasVideo = localStream ? localStream.getVideoTracks().length > 0 : media.video;
        this.#toggle("mute", muted.audio, "mic", muted.audio ? "Unmute microphone" : "Mute microphone");
        this.#toggle("camera", muted.video, "camera", muted.video ? "Switch camera on" : "Switch camera off");
        this.#button("camera").disabled = !hasVideo;
        const peerMuted = this.#root.querySelector(".peer-muted");
        peerMuted.hidden = !remoteMuted.audio;
        peerMuted.querySelector("span").textContent = `${peer} is muted`;
    }

    #toggle(testId, pressed, icon, label) {
        const button = this.#button(testId);
        button.setAttribute("aria-pressed", String(pressed));
        button.setAttribute("aria-label", label);
        button.title = label;
        button.querySelector("use").setAttribute("href", `icons.svg#${icon}${pressed ? "-off" : ""}`);
    }

    #button(testId) {
        return this.#root.querySelector(`[data-testid="${testId}"]`);
    }

    #text(testId, text) {
        const element = this.#root.querySelector(`[data-testid="${testId}"]`);
        // Screen readers announce changes of the state: no change, no announcement.
        if (element.textContent !== text) element.textContent = text;
    }
}
