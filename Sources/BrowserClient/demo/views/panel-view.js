import { element, setText } from "../page.js";
import { StatisticsView } from "./statistics-view.js";
import { TimingsView } from "./timings-view.js";

/** What lies behind a call, for the curious: when its steps came, what passes, who carries it. */
export class PanelView {
    statistics = new StatisticsView(document.getElementById("statistics"));
    #timings = new TimingsView(document.getElementById("timings"));

    constructor() {
        // On a wide screen there is room beside the picture.
        const open = matchMedia("(min-width: 900px)").matches;
        for (const part of document.querySelectorAll(".panel details")) part.open = open;
    }

    /** @param {import("../../sdk/index.js").Call} call - that takes the screen */
    begin(call) {
        this.statistics.clear();
        this.#timings.show(call);
    }

    show(call, client) {
        this.#timings.show(call);
        setText(element("node"), client.node ?? "–");
        setText(element("device"), client.device);
        setText(element("call-id"), call.id);
    }
}
