import { create, element, icon } from "../page.js";
import { showAvatar } from "../portrait.js";
import { elsewhereText } from "../words.js";

/** Calls of this user that go on on other devices, each with a button that fetches it to this one. */
export class ElsewhereView {
    #card = element("elsewhere");
    #takeOver;

    /** @param {(call: import("../../sdk/index.js").CallElsewhere) => void} takeOver */
    constructor(takeOver) {
        this.#takeOver = takeOver;
    }

    /** @param {import("../../sdk/index.js").CallElsewhere[]} calls */
    show(calls) {
        this.#card.hidden = calls.length === 0;
        this.#card.querySelector("ul").replaceChildren(...calls.map((call) => this.#item(call)));
    }

    #item(call) {
        const avatar = create("span", { className: "avatar", ariaHidden: "true" });
        showAvatar(avatar, call.peer ?? "?");
        const words = create(
            "div",
            { className: "words" },
            create("strong", { textContent: elsewhereText(call) }),
            create("span", { className: "outcome", textContent: "on another of your devices" }),
        );
        const button = create("button", { type: "button", className: "button call" }, icon("fetch"), "Fetch it here");
        button.dataset.testid = "take-over";
        button.onclick = () => this.#takeOver(call);
        return create("li", {}, avatar, words, button);
    }
}
