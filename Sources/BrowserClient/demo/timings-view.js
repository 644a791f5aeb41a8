import { timingSteps } from "/sdk/index.js";
import { stepNames } from "./words.js";

/** Fills the table of a call's steps, each with a bar on the time from the call's begin to its last step. */
export class TimingsView {
    #body;
    #headline;

    constructor(root) {
        this.#body = root.querySelector("tbody");
        this.#headline = root.querySelector(".headline");
    }

    show(call) {
        const { timings } = call;
        const steps = timingSteps.filter((step) => timings[step] !== undefined);
        const end = Math.max(1, ...steps.map((step) => timings[step]));
        this.#body.replaceChildren(
            ...steps.sort((left, right) => timings[left] - timings[right]).map((step) => row(step, timings[step], end)),
        );
        const picked = timings.pickedUp ?? timings.selected;
        const connected = timings.iceConnected;
        const known = picked !== undefined && connected !== undefined;
        this.#headline.textContent = known ? `connected in ${Math.round(connected - picked)} ms` : "";
    }
}

function row(step, ms, end) {
    const line = document.createElement("tr");
    line.dataset.step = step;
    const name = Object.assign(document.createElement("th"), { scope: "row", textContent: stepNames[step] });
    const bar = document.createElement("td");
    bar.className = "bar-cell";
    const mark = document.createElement("span");
    mark.style.setProperty("--at", `${(ms / end) * 100}%`);
    bar.append(mark);
    const value = Object.assign(document.createElement("td"), { className: "ms", textContent: millisecondsText(ms) });
    line.append(name, bar, value);
    return line;
}

function millisecondsText(ms) {
    return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
