import { pictureTrack } from "./portrait.js";
import { missingMediaText } from "./words.js";

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
        const both = await attempt({ audio, video: { width: { ideal: 1280 }, height: { ideal: 720 } } });
        if (both) return { stream: both, note: null };
    }
    const sound = audio ? await attempt({ audio: true }) : null;
    const stream = sound ?? new MediaStream();
    if (video) stream.addTrack(pictureTrack(name));
    const there = { sound: !audio || sound !== null, camera: !video || pictureWanted };
    return { stream, note: missingMediaText(there) };
}

/** @returns {Promise<MediaStream | null>} */
async function attempt(constraints) {
    try {
        return await navigator.mediaDevices.getUserMedia(constraints);
    } catch {
        return null;
    }
}
