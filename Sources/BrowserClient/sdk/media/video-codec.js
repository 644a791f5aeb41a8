/** What is asked about: the size of a usual call. */
const CONFIGURATION = Object.freeze({
    contentType: "video/H264",
    width: 1280,
    height: 720,
    bitrate: 1_500_000,
    framerate: 30,
});

/**
 * Which video codec comes first: H.264 where the device encodes it in hardware (less heat, a longer battery), else VP8,
 * which every browser has.
 */
export class VideoCodecChoice {
    /** Until it is known. */
    #codec;

    /**
     * @param {object} [options]
     * @param {import("../types/media.js").CodecPolicy["video"]} [options.wanted]
     * @param {() => Promise<boolean>} options.encodesH264InHardware
     */
    constructor({ wanted = "auto", encodesH264InHardware }) {
        this.#codec = wanted === "auto" ? "VP8" : wanted;
        if (wanted !== "auto") return;
        encodesH264InHardware().then((inHardware) => {
            if (inHardware) this.#codec = "H264";
        }, () => {});
    }

    get codec() {
        return this.#codec;
    }
}

/**
 * As Media Capabilities tells (`powerEfficient`), and where it knows nothing of WebRTC, by what the platform is known
 * for: all of Apple's devices have an encoder.
 * @param {Navigator} [navigator]
 * @returns {Promise<boolean>}
 */
export async function encodesH264InHardware(navigator = globalThis.navigator) {
    try {
        const video = CONFIGURATION;
        const { supported, powerEfficient } = await navigator.mediaCapabilities.encodingInfo({ type: "webrtc", video });
        return supported && powerEfficient;
    } catch {
        return /\b(iPhone|iPad|Macintosh)\b/.test(navigator?.userAgent ?? "");
    }
}
