/** Tones: [frequencies in Hz, seconds on, seconds off], repeated. */
const PATTERNS = {
    /** Somebody calls: two notes, friendly. */
    ring: {
        gain: 0.16,
        tones: [
            [[660], 0.18, 0.04],
            [[880], 0.28, 0.14],
            [[660], 0.18, 0.04],
            [[880], 0.28, 1.9],
        ],
    },
    /** It rings over there. */
    ringback: { gain: 0.05, tones: [[[425], 1, 4]] },
    /** Somebody calls while one talks: heard, but not over the other's words. */
    waiting: { gain: 0.06, tones: [[[880], 0.14, 0.1], [[660], 0.14, 4.5]] },
};
/** How often to look whether the browser allows sound by now. */
const LOCKED_MS = 300;

/** Rings, by WebAudio; silent until the browser has had a click. */
export class Ringer {
    #context = null;
    #gain = null;
    #timer = null;
    #name = null;

    /** To be called from a click or a key: from then on the browser allows sound. */
    unlock() {
        this.#context ??= new AudioContext();
        this.#context.resume();
    }

    /** @param {"ring" | "ringback" | "waiting" | null} name - null is silence; the one that sounds goes on */
    play(name) {
        if (name === this.#name) return;
        this.#stop();
        this.#name = name;
        if (!name) return;
        if (name === "ring") vibrate([200, 100, 200, 900, 200, 100, 200]);
        this.#repeat(PATTERNS[name]);
    }

    #stop() {
        clearTimeout(this.#timer);
        this.#gain?.disconnect();
        this.#gain = null;
        vibrate(0);
    }

    #repeat(pattern) {
        const sounds = this.#context?.state === "running";
        const seconds = sounds ? this.#schedule(pattern) : LOCKED_MS / 1_000;
        this.#timer = setTimeout(() => this.#repeat(pattern), seconds * 1_000);
    }

    /** @returns {number} seconds until it is to be repeated */
    #schedule({ gain, tones }) {
        if (!this.#gain) {
            this.#gain = this.#context.createGain();
            this.#gain.gain.value = gain;
            this.#gain.connect(this.#context.destination);
        }
        const begin = this.#context.currentTime + 0.02;
        let at = begin;
        for (const [frequencies, on, off] of tones) {
            for (const frequency of frequencies) this.#tone(frequency, at, on);
            at += on + off;
        }
        return at - begin;
    }

    #tone(frequency, at, seconds) {
        const oscillator = this.#context.createOscillator();
        const envelope = this.#context.createGain();
        oscillator.type = "triangle";
        oscillator.frequency.value = frequency;
        // Edges without clicks.
        envelope.gain.setValueAtTime(0, at);
        envelope.gain.linearRampToValueAtTime(1, at + 0.02);
        envelope.gain.setValueAtTime(1, at + seconds - 0.06);
        envelope.gain.linearRampToValueAtTime(0, at + seconds);
        oscillator.connect(envelope).connect(this.#gain);
        oscillator.start(at);
        oscillator.stop(at + seconds);
    }
}

/** Browsers complain about a page that vibrates before it was touched. */
function vibrate(pattern) {
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(pattern);
}
