import { timingSteps } from "/sdk/index.js";
import { create } from "../page.js";
import { millisecondsText, stepNames, timingHeadline } from "../words.js";

/** The table of a call's steps, each with a bar on the time from the call's begin to its last step. */
export class TimingsView {
    #body;
    #headline;
    #shown = "";

    /** @param {HTMLElement} root */
    constructor(root) {
        this.#body = root.querySelector("tbody");
        this.#headline = root.querySelector(".headline");
    }

    /** @param {import("../../sdk/index.js").Call} call */
    show({ id, timings }) {
        const steps = timingSteps.filter((step) => timings[step] !== undefined);
        const key = `${id} ${steps}`;
        if (key === this.#shown) return;
        this.#shown = key;
        const end = Math.max(1, ...steps.map((step) => timings[step]));
        steps.sort((left, right) => timings[left] - timings[right]);
        this.#body.replaceChildren(...steps.map((step) => row(step, timings[step], end)));
        this.#headline.textContent = timingHeadline(timings);
    }
}

function row(step, ms, end) {
    const mark = create("span");
    mark.style.setProperty("--at", `${(ms / end) * 100}%`);
    const line = create(
        "tr",
        {},
        create("th", { scope: "row", textContent: stepNames[step] }),
        create("td", { className: "bar-cell" }, mark),
        create("td", { className: "ms", textContent: millisecondsText(ms) }),
    );
    line.dataset.step = step;
    return line;
}
