import { element, setText } from "../page.js";
import { pushTexts } from "../words.js";

/** The switch "ring me when this page is closed". Not there where the browser or the node know no push. */
export class PushView {
    #card = element("push");
    #switch = element("push-switch");
    #text = element("push-text");
    #service;

    /** @param {import("../push-service.js").PushService} service */
    constructor(service) {
        this.#service = service;
        this.#switch.onclick = () => this.#toggle();
    }

    async begin() {
        if (!(await this.#service.available())) return;
        this.#card.hidden = false;
        await this.#show();
    }

    async #toggle() {
        this.#switch.disabled = true;
        try {
            if (this.#isOn) await this.#service.switchOff();
            else await this.#service.switchOn();
            await this.#show();
        } catch (error) {
            const refused = error.name === "NotAllowedError" || Notification.permission === "denied";
            setText(this.#text, refused ? pushTexts.refused : pushTexts.failed);
            console.info("switchboard:", error.name, error.message);
        } finally {
            this.#switch.disabled = false;
        }
    }

    get #isOn() {
        return this.#switch.getAttribute("aria-checked") === "true";
    }

    async #show() {
        const on = await this.#service.isOn();
        this.#switch.setAttribute("aria-checked", String(on));
        setText(this.#text, on ? pushTexts.on : pushTexts.off);
    }
}
