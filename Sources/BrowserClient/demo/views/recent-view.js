import { create, element, icon } from "../page.js";
import { showAvatar } from "../portrait.js";
import { clockText, outcomeText } from "../words.js";

/** The list of calls that ended on this device. */
export class RecentView {
    #list = element("recent");
    #redial;

    /** @param {(peer: string, video: boolean) => void} redial */
    constructor(redial) {
        this.#redial = redial;
    }

    /** @param {import("../recent-calls.js").RecentCall[]} calls */
    show(calls) {
        element("empty").hidden = calls.length > 0;
        this.#list.hidden = calls.length === 0;
        this.#list.replaceChildren(...calls.map((call) => this.#item(call)));
    }

    #item(call) {
        const avatar = create("span", { className: "avatar", ariaHidden: "true" });
        showAvatar(avatar, call.peer);
        const outcome = create(
            "span",
            { className: call.missed ? "outcome missed" : "outcome" },
            icon(call.role === "caller" ? "outgoing" : "incoming"),
            create("span", { textContent: `${outcomeText(call)} · ${clockText(call.startedAt)}` }),
        );
        const words = create("div", { className: "words" }, create("strong", { textContent: call.peer }), outcome);
        const button = create("button", { type: "button", className: "button quiet" }, icon("phone"));
        button.setAttribute("aria-label", `Call ${call.peer} again`);
        button.title = `Call ${call.peer} again`;
        button.onclick = () => this.#redial(call.peer, call.video);
        const item = create("li", {}, avatar, words, button);
        item.dataset.testid = "recent-call";
        item.dataset.missed = String(call.missed);
        return item;
    }
}
