/** A colour of one's own, and the initials: what stands for a person without a picture. */

/** @returns {number} degrees of hue, the same for the same name everywhere */
export function hueOf(name) {
    let hash = 7;
    for (const character of name) hash = (hash * 31 + character.codePointAt(0)) % 3_600;
    return hash % 360;
}

export function initialsOf(name) {
    const words = name.split(/[\s._-]+/).filter(Boolean);
    const letters = words.slice(0, 2).map((word) => [...word][0]);
    return letters.join("").toUpperCase();
}

/** @param {HTMLElement} element */
export function showAvatar(element, name) {
    element.textContent = initialsOf(name);
    element.style.setProperty("--hue", String(hueOf(name)));
}

/** Whether a track comes from `pictureTrack`, not from a camera. */
export function isDrawn(track) {
    return globalThis.CanvasCaptureMediaStreamTrack !== undefined && track instanceof CanvasCaptureMediaStreamTrack;
}

/**
 * A moving picture for those who have no camera.
 * @returns {MediaStreamTrack} video
 */
export function pictureTrack(name, { width = 640, height = 480 } = {}) {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const hue = hueOf(name);
    const draw = (now) => {
        const drift = now / 4_000;
        const sky = context.createLinearGradient(0, 0, width, height);
        sky.addColorStop(0, `hsl(${hue} 45% ${34 + 4 * Math.sin(drift)}%)`);
        sky.addColorStop(1, `hsl(${(hue + 50) % 360} 55% 18%)`);
        context.fillStyle = sky;
        context.fillRect(0, 0, width, height);
        for (let ring = 0; ring < 4; ring += 1) {
            const phase = (drift / 2 + ring / 4) % 1;
            context.strokeStyle = `hsl(${hue} 80% 80% / ${0.22 * (1 - phase)})`;
            context.lineWidth = 3;
            context.beginPath();
            context.arc(width / 2, height / 2, 90 + phase * 260, 0, 2 * Math.PI);
            context.stroke();
        }
        context.fillStyle = `hsl(${hue} 60% 88%)`;
        context.beginPath();
        context.arc(width / 2, height / 2, 90, 0, 2 * Math.PI);
        context.fill();
        context.fillStyle = `hsl(${hue} 50% 25%)`;
        context.font = "600 76px system-ui, sans-serif";
        context.textAlign = "center";
        context.textBaseline = "middle";
        context.fillText(initialsOf(name), width / 2, height / 2 + 4);
    };
    const [track] = canvas.captureStream(15).getVideoTracks();
    // A timer, not animation frames: those stop in a tab that is in the background.
    const timer = setInterval(() => {
        if (track.readyState === "ended") return clearInterval(timer);
        return draw(performance.now());
    }, 66);
    draw(performance.now());
    return track;
}
