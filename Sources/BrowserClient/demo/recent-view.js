import { showAvatar } from "./portrait.js";
import { missed, outcomeText } from "./words.js";

const SHOWN = 8;

/** The list of calls of this tab, newest first. */
export class RecentView {
    #list;
    #empty;
    #redial;

    /** @param {(name: string) => void} redial */
    constructor(root, redial) {
        this.#list = root.querySelector(".recent");
        this.#empty = root.querySelector(".empty");
        this.#redial = redial;
    }

    /** @param {import("../sdk/index.js").Call} call - that has ended */
    add(call) {
        this.#empty.hidden = true;
        const avatar = Object.assign(document.createElement("span"), { className: "avatar" });
        avatar.setAttribute("aria-hidden", "true");
        showAvatar(avatar, call.peer);
        const name = Object.assign(document.createElement("strong"), { textContent: call.peer });
        const outcome = Object.assign(document.createElement("span"), { textContent: outcomeText(call) });
        outcome.className = missed(call) ? "outcome missed" : "outcome";
        const words = Object.assign(document.createElement("div"), { className: "words" });
        words.append(name, outcome);
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Call" });
        button.className = "button quiet";
        button.setAttribute("aria-label", `Call ${call.peer} again`);
        button.onclick = () => this.#redial(call.peer);
        const item = document.createElement("li");
        item.append(avatar, words, button);
        this.#list.prepend(item);
        while (this.#list.children.length > SHOWN) this.#list.lastElementChild.remove();
    }
}
