import { isDrawn, pictureTrack } from "./portrait.js";
import { missingMediaText } from "./words.js";

/** To begin with: what a browser that knows nothing of the network yet sends without dropping the first frames. */
const FIRST_SIZE = { width: { ideal: 640 }, height: { ideal: 360 } };
const FULL_SIZE = { width: { ideal: 1280 }, height: { ideal: 720 } };

/**
 * Opens what there is: camera and microphone, or the microphone and a drawn picture, or the picture alone. A missing
 * device is no reason not to call.
 *
 * @param {{ audio: boolean, video: boolean }} wanted
 * @param {string} name - for the picture
 * @returns {Promise<{ stream: MediaStream, note: string | null }>} `note`: what is missing, for the user
 */
export async function openMedia({ audio, video }, name) {
    const pictureWanted = new URLSearchParams(location.search).get("camera") === "picture";
    if (video && !pictureWanted) {
        const both = await attempt({ audio, video: FIRST_SIZE });
        if (both) return { stream: both, note: null };
    }
    const sound = audio ? await attempt({ audio: true }) : null;
    const stream = sound ?? new MediaStream();
    if (video) stream.addTrack(pictureTrack(name));
    const there = { sound: !audio || sound !== null, camera: !video || pictureWanted };
    return { stream, note: missingMediaText(there) };
}

/** The call stands: the camera may show all that it can. */
export function sharpen(stream) {
    for (const track of stream?.getVideoTracks() ?? []) {
        // A camera that can't goes on as it is.
        if (!isDrawn(track)) track.applyConstraints(FULL_SIZE).catch(() => {});
    }
}

/** @returns {Promise<MediaStream | null>} */
async function attempt(constraints) {
    try {
        return await navigator.mediaDevices.getUserMedia(constraints);
    } catch {
        return null;
    }
}
