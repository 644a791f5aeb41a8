import { orderedCodecs } from "./codec-order.js";
import { withBitrateHints } from "./bitrate-hints.js";

/**
 * How a call sends: which codecs come first, within which bitrates, and whether the video is paused.
 */
export class SendingPolicy {
    /** @type {import("../types/media.js").MediaBitrateLimits} */
    limits;
    /** False while the network takes too little for a picture. */
    videoActive = true;
    #codecs;
    #videoCodec;

    /**
     * @param {object} options
     * @param {(kind: string) => object[] | undefined} options.codecs - what the browser can receive, in its own order;
     *     undefined where it does not tell
     * @param {() => string} options.videoCodec - that comes first, as `H264`
     * @param {import("../types/media.js").MediaBitrateLimits} [options.limits]
     */
    constructor({ codecs, videoCodec, limits = {} }) {
        this.#codecs = codecs;
        this.#videoCodec = videoCodec;
        this.limits = limits;
    }

    /** @param {import("../types/media.js").MediaBitrateLimits} limits - kinds that are not named stay as they are */
    limit(limits) {
        this.limits = { ...this.limits, ...limits };
    }

    /** Puts the codecs of a transceiver in order, before it is negotiated. */
    prefer(transceiver) {
        if (!transceiver.setCodecPreferences) return;
        const { kind } = transceiver.receiver.track;
        const codecs = this.#codecs(kind);
        if (!codecs?.length) return;
        try {
            transceiver.setCodecPreferences(orderedCodecs(codecs, kind === "audio" ? "opus" : this.#videoCodec()));
        } catch (error) {
            // The browser's own order does as well.
            console.warn("switchboard: the browser did not take the order of codecs.", error);
        }
    }

    /** @param {string} sdp - of the peer, which is what the browser takes hints from */
    hinted(sdp) {
        return withBitrateHints(sdp, this.limits.video ?? {});
    }

    /**
     * Sets the bounds at the senders of a connection. Does nothing where there is nothing to set yet.
     * @param {RTCPeerConnection} connection
     */
    async apply(connection) {
        for (const { sender, receiver } of connection.getTransceivers()) {
            const { kind } = receiver.track;
            const parameters = sender.getParameters?.();
            const [encoding] = parameters?.encodings ?? [];
            if (!encoding || !this.#change(encoding, kind)) continue;
            try {
                await sender.setParameters(parameters);
            } catch (error) {
                // A negotiation that began meanwhile; it applies the policy at its end.
                if (error.name !== "InvalidStateError") console.warn("switchboard: no bitrate was set.", error);
            }
        }
    }

    /** @returns {boolean} whether anything is other than it was */
    #change(encoding, kind) {
        const { maxKbps } = this.limits[kind] ?? {};
        const maxBitrate = maxKbps === undefined ? undefined : Math.round(maxKbps * 1_000);
        const active = kind === "audio" || this.videoActive;
        if (encoding.maxBitrate === maxBitrate && (encoding.active ?? true) === active) return false;
        if (maxBitrate === undefined) delete encoding.maxBitrate;
        else encoding.maxBitrate = maxBitrate;
        encoding.active = active;
        return true;
    }
}
