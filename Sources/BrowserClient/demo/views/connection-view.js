import { element } from "../page.js";
import { connectionText, signalingLost, stoppedAction, stoppedText } from "../words.js";

/** How things stand with the node: the chip at the top, and a banner while there is no connection. */
export class ConnectionView {
    #chip = element("connection");
    #banner = element("banner");
    #reconnect;

    /** @param {() => void} reconnect - the user wants another try */
    constructor(reconnect) {
        this.#reconnect = reconnect;
    }

    /** @param {import("../../sdk/index.js").ConnectionStatus} status */
    show(status) {
        this.#chip.dataset.state = status.state;
        this.#chip.querySelector(".status-text").textContent = connectionText(status);
        const stopped = status.state === "stopped" && status.reason !== "closed";
        this.#banner.hidden = !stopped && status.state !== "reconnecting";
        this.#banner.dataset.state = status.state;
        const text = this.#banner.querySelector(".banner-text");
        const words = stopped ? stoppedText(status.reason) : signalingLost;
        // Each attempt tells the same again; it is read out once.
        if (text.textContent !== words) text.textContent = words;
        const action = this.#banner.querySelector(".banner-action");
        action.hidden = !stopped;
        action.textContent = stoppedAction(status.reason);
        action.onclick = () => this.#reconnect();
    }
}
