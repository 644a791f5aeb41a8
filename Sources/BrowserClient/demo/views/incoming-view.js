import { element } from "../page.js";
import { showAvatar } from "../portrait.js";
import { askingText, choiceTexts, incomingText, kindText } from "../words.js";

/**
 * The dialog of a call that rings. Focus moves into it, to its heading: whoever is typing when the call comes does not
 * answer it by the next key. It is left by one of its buttons only.
 */
export class IncomingView {
    #dialog = element("incoming");
    #heading = element("incoming-from");
    #shown = null;

    /** @param {{ accept: (video: boolean) => void, decline: () => void, ignore: () => void }} choices */
    constructor({ accept, decline, ignore }) {
        element("accept").onclick = () => accept(true);
        element("accept-audio").onclick = () => accept(false);
        element("decline").onclick = decline;
        element("ignore").onclick = ignore;
        // Escape neither declines nor leaves a call that rings without a way to answer it.
        this.#dialog.addEventListener("cancel", (event) => event.preventDefault());
        this.#dialog.addEventListener("keydown", (event) => event.key === "Escape" && event.preventDefault());
    }

    /**
     * @param {import("../../sdk/index.js").Call} call
     * @param {{ talking: boolean }} facts - `talking`: there is a call that picking up would end
     */
    show(call, facts) {
        const texts = choiceTexts(facts);
        element("decline").querySelector(".label").textContent = texts.decline;
        element("accept").querySelector(".label").textContent = texts.accept;
        element("accept-audio").querySelector(".label").textContent = texts.acceptAudio;
        element("accept-audio").hidden = !call.media.video;
        element("incoming-kind").textContent = kindText(call.media);
        this.#dialog.dataset.asking = "false";
        this.#open(call, call.peer);
    }

    /** A push names a call, and the server is asked whether it still rings. */
    ask(payload) {
        element("incoming-kind").textContent = askingText;
        this.#dialog.dataset.asking = "true";
        this.#open(payload, payload.caller);
    }

    hide() {
        this.#shown = null;
        if (this.#dialog.open) this.#dialog.close();
    }

    #open(subject, name) {
        if (this.#shown === subject) return;
        this.#shown = subject;
        this.#heading.textContent = incomingText(name);
        showAvatar(this.#dialog.querySelector(".avatar"), name);
        if (!this.#dialog.open) this.#dialog.showModal();
        this.#heading.focus({ preventScroll: true });
    }
}
