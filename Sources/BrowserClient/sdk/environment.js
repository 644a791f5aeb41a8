import { encodesH264InHardware } from "./media/video-codec.js";

/**
 * What the SDK takes from its surroundings; tests put their own in.
 *
 * @typedef {object} Environment
 * @property {typeof WebSocket} WebSocket
 * @property {() => number} now - milliseconds since 1970, never jumping while the page lives
 * @property {() => number} random - evenly from [0, 1)
 * @property {(work: () => void, ms: number) => any} setTimeout
 * @property {(handle: any) => void} clearTimeout
 * @property {(configuration: RTCConfiguration) => RTCPeerConnection} createPeerConnection
 * @property {(constraints: MediaStreamConstraints) => Promise<MediaStream>} openMedia
 * @property {(tracks?: MediaStreamTrack[]) => MediaStream} createMediaStream
 * @property {() => Promise<MediaStream>} openScreen - asks the user what to share
 * @property {(kind: string) => object[] | undefined} codecs - that the browser can receive, in its own order;
 *     undefined where it is better left alone
 * @property {() => Promise<boolean>} encodesH264InHardware
 * @property {boolean} appliesAnswerAtPickup - true where ICE fails while it waits for remote candidates
 */

/**
 * The browser's own.
 * @returns {Environment}
 */
export function browserEnvironment() {
    const isFirefox = /\bFirefox\//.test(globalThis.navigator?.userAgent ?? "");
    return {
        WebSocket: globalThis.WebSocket,
        now: () => performance.timeOrigin + performance.now(),
        random: () => Math.random(),
        setTimeout: (work, ms) => setTimeout(work, ms),
        clearTimeout: (handle) => clearTimeout(handle),
        createPeerConnection: (configuration) => new RTCPeerConnection(configuration),
        openMedia,
        openScreen: () => navigator.mediaDevices.getDisplayMedia({ video: true }),
        // With an order set, Firefox (153) makes later offers with payload types other than those that were negotiated,
        // which nobody can read.
        codecs: (kind) => (isFirefox ? undefined : globalThis.RTCRtpReceiver?.getCapabilities?.(kind)?.codecs),
        encodesH264InHardware: () => encodesH264InHardware(),
        createMediaStream: (tracks = []) => new MediaStream(tracks),
        // Firefox's ICE gives up after 5 s without remote candidates and does not recover; a phone rings longer.
        appliesAnswerAtPickup: isFirefox,
    };
}

async function openMedia(constraints) {
    if (!globalThis.navigator?.mediaDevices) {
        throw new Error("Camera and microphone are available on https and on localhost only.");
    }
    return navigator.mediaDevices.getUserMedia(constraints);
}
