import { pictureTrack } from "./portrait.js";

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
        if (both.stream) return { stream: both.stream, note: null };
    }
    const sound = audio ? await attempt({ audio: true }) : {};
    const stream = sound.stream ?? new MediaStream();
    if (video) stream.addTrack(pictureTrack(name));
    return { stream, note: missingText(audio && !sound.stream, video && !pictureWanted) };
}

async function attempt(constraints) {
    try {
        return { stream: await navigator.mediaDevices.getUserMedia(constraints) };
    } catch (error) {
        return { error };
    }
}

function missingText(noSound, noCamera) {
    if (noSound && noCamera) return "No camera or microphone: you can see and hear, and a picture stands for you.";
    if (noSound) return "No microphone: you can listen, but not be heard.";
    if (noCamera) return "No camera: a picture stands for you.";
    return null;
}

/** @param {MediaStream | null} stream */
export function stopMedia(stream) {
    for (const track of stream?.getTracks() ?? []) track.stop();
}
