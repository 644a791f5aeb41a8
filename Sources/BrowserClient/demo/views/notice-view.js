import { element } from "../page.js";

/** One sentence on what has just happened, with a button to call back if that is what one would do. */
export class NoticeView {
    #root = element("notice");
    #callBack;

    /** @param {(peer: string) => void} callBack */
    constructor(callBack) {
        this.#callBack = callBack;
    }

    /** @param {{ missed?: boolean, callBack?: string }} [options] - `callBack`: the user to offer a call to */
    show(text, { missed = false, callBack } = {}) {
        this.#root.hidden = !text;
        this.#root.classList.toggle("missed", missed);
        this.#root.querySelector("span").textContent = text ?? "";
        const button = this.#root.querySelector("button");
        button.hidden = !callBack;
        button.onclick = () => this.#callBack(callBack);
    }
}
