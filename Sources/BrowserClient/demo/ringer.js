/** Tones: [frequencies in Hz, seconds on, seconds off], repeated. */
const PATTERNS = {
    /** Somebody calls: two notes, friendly. */
    ring: [
        [[660], 0.18, 0.04],
        [[880], 0.28, 0.14],
        [[660], 0.18, 0.04],
        [[880], 0.28, 1.9],
    ],
    /** It rings over there. */
    ringback: [[[425], 1, 4]],
};

/** Rings, by WebAudio; silent where the browser wants a click first. */
export class Ringer {
    #context = null;
    #gain = null;
    #timer = null;

    /** To be called from a click: from then on the browser allows sound. */
    unlock() {
        this.#context ??= new AudioContext();
        this.#context.resume();
    }

    /** @param {"ring" | "ringback"} name */
    start(name) {
        this.stop();
        if (!this.#context) return;
        if (name === "ring") vibrate([200, 100, 200, 900, 200, 100, 200]);
        this.#gain = this.#context.createGain();
        this.#gain.gain.value = name === "ring" ? 0.16 : 0.05;
        this.#gain.connect(this.#context.destination);
        this.#play(PATTERNS[name], this.#gain);
    }

    stop() {
        clearTimeout(this.#timer);
        this.#gain?.disconnect();
        this.#gain = null;
        vibrate(0);
    }

    #play(pattern, output) {
        let at = this.#context.currentTime + 0.02;
        const begin = at;
        for (const [frequencies, on, off] of pattern) {
            for (const frequency of frequencies) this.#tone(frequency, at, on, output);
            at += on + off;
        }
        this.#timer = setTimeout(() => this.#play(pattern, output), (at - begin) * 1_000);
    }

    #tone(frequency, at, seconds, output) {
        const oscillator = this.#context.createOscillator();
        const envelope = this.#context.createGain();
        oscillator.type = "triangle";
        oscillator.frequency.value = frequency;
        // Edges without clicks.
        envelope.gain.setValueAtTime(0, at);
        envelope.gain.linearRampToValueAtTime(1, at + 0.02);
        envelope.gain.setValueAtTime(1, at + seconds - 0.06);
        envelope.gain.linearRampToValueAtTime(0, at + seconds);
        oscillator.connect(envelope).connect(output);
        oscillator.start(at);
        oscillator.stop(at + seconds);
    }
}

/** Browsers complain about a page that vibrates before it was touched. */
function vibrate(pattern) {
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(pattern);
}
