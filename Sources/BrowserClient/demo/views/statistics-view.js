import { pathText, streamTexts } from "../words.js";

const POINTS = 45;
const [WIDTH, HEIGHT] = [320, 48];

/** What passes between the two devices: a table of both directions, and a line of what has been received lately. */
export class StatisticsView {
    #root;
    #rates = [];

    /** @param {HTMLElement} root */
    constructor(root) {
        this.#root = root;
    }

    clear() {
        this.#rates = [];
        this.#root.dataset.empty = "true";
        this.#root.querySelector(".headline").textContent = "";
    }

    /** @param {import("../../sdk/index.js").CallStatistics} statistics */
    show({ intervalMs, sent, received, roundTripMs, availableOutgoingKbps, path }) {
        this.#root.dataset.empty = "false";
        this.#cells("sent-audio", sent.audio);
        this.#cells("sent-video", sent.video);
        this.#cells("received-audio", received.audio);
        this.#cells("received-video", received.video);
        this.#text("path", pathText(path));
        this.#text("round-trip", roundTripMs === undefined ? "–" : `${Math.round(roundTripMs)} ms`);
        const available = availableOutgoingKbps;
        this.#text("available", available === undefined ? "–" : `${Math.round(available)} kbit/s`);
        const headline = [path?.relayed ? "relayed" : "direct", roundTripMs && `${Math.round(roundTripMs)} ms`];
        this.#root.querySelector(".headline").textContent = path ? headline.filter(Boolean).join(", ") : "";
        if (intervalMs > 0) this.#draw((received.audio?.kbps ?? 0) + (received.video?.kbps ?? 0));
    }

    #cells(column, stream) {
        const texts = streamTexts(stream);
        for (const cell of this.#root.querySelectorAll(`[data-column="${column}"]`)) {
            cell.textContent = texts[cell.dataset.figure] ?? "–";
        }
    }

    #text(figure, text) {
        this.#root.querySelector(`dd[data-figure="${figure}"]`).textContent = text;
    }

    #draw(kbps) {
        this.#rates = [...this.#rates, kbps].slice(-POINTS);
        const top = Math.max(100, ...this.#rates) * 1.1;
        const x = (index) => (WIDTH * (index + POINTS - this.#rates.length)) / (POINTS - 1);
        const y = (rate) => HEIGHT * (1 - rate / top);
        const points = this.#rates.map((rate, index) => `${x(index).toFixed(1)},${y(rate).toFixed(1)}`);
        this.#root.querySelector("polyline").setAttribute("points", points.join(" "));
    }
}
