import { element } from "../page.js";
import { controlTexts } from "../words.js";

/** The round buttons of a call. */
export class ControlsView {
    #call = null;
    #failed;

    /** @param {(text: string) => void} failed - a wish that the browser does not grant; for the user */
    constructor(failed) {
        this.#failed = failed;
        element("mute").onclick = () => this.#call.setMuted({ audio: !this.#call.muted.audio });
        element("camera").onclick = () => this.#switchCamera();
        element("screen").onclick = () => this.#switchScreen();
        element("hangup").onclick = () => this.#call?.hangup();
        element("screen").hidden = !navigator.mediaDevices?.getDisplayMedia;
    }

    /** @param {import("../../sdk/index.js").Call} call */
    show(call) {
        this.#call = call;
        const { muted, screen, localStream } = call;
        const picking = call.state === "inviting" || call.state === "ringing";
        // A call that began without a camera has nothing muted, and nothing to see either.
        const dark = muted.video || (!picking && localStream !== null && !localStream.getVideoTracks().length);
        toggle("mute", muted.audio, "mic");
        toggle("camera", dark, "camera");
        toggle("screen", screen.local, "screen");
        element("screen").disabled = call.state !== "active" && !screen.local;
    }

    #switchCamera() {
        const call = this.#call;
        const there = call.localStream?.getVideoTracks().length > 0;
        if (there || call.state === "inviting" || call.state === "ringing") {
            call.setMuted({ video: !call.muted.video });
        } else {
            call.openMedia({ video: true }).catch((error) => this.#failed(error.message));
        }
    }

    #switchScreen() {
        const done = this.#call.screen.local ? this.#call.stopSharing() : this.#call.shareScreen();
        // Whoever closes the browser's question has answered it.
        done.catch((error) => error.name !== "NotAllowedError" && this.#failed(error.message));
    }
}

function toggle(name, pressed, picture) {
    const button = element(name);
    const label = controlTexts[name][pressed ? 1 : 0];
    button.setAttribute("aria-pressed", String(pressed));
    if (button.title === label) return;
    button.title = label;
    button.setAttribute("aria-label", label);
    button.querySelector("use").setAttribute("href", `icons.svg#${picture}${pressed ? "-off" : ""}`);
}
