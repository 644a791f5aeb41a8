import { create, element, setText } from "../page.js";
import { securityLabel, securityTexts } from "../words.js";

/** The security code: five pictures on a button, which opens what they are called and what to do with them. */
export class SecurityView {
    #button = element("security");
    #state = element("security-state");
    #pictures = element("security-code");
    #names = element("security-names");
    #sheet = document.getElementById("security-sheet");
    #shown = "";

    /** @param {import("../../sdk/index.js").Call} call */
    show({ securityState, securityCode, state }) {
        const code = securityState === "ready" ? securityCode : null;
        const over = state === "ended" || securityState === "unavailable";
        this.#button.hidden = !code;
        this.#state.dataset.state = securityState;
        setText(this.#state, over || code ? null : securityTexts[securityState]);
        const key = (code ?? []).map(({ name }) => name).join(" ");
        if (key === this.#shown) return;
        this.#shown = key;
        if (!code) return this.#close();
        this.#pictures.textContent = code.map(({ emoji }) => emoji).join("");
        this.#button.setAttribute("aria-label", securityLabel(code));
        this.#names.replaceChildren(...code.map(pictureWithName));
        return undefined;
    }

    hide() {
        this.#shown = "";
        this.#button.hidden = true;
        this.#state.hidden = true;
        this.#close();
    }

    #close() {
        if (this.#sheet.matches(":popover-open")) this.#sheet.hidePopover();
    }
}

function pictureWithName({ emoji, name }) {
    const picture = create("span", { className: "emoji", textContent: emoji, ariaHidden: "true" });
    return create("li", {}, picture, create("span", { textContent: name }));
}
