const NAME_KEY = "switchboard.name";

/** The name in the address (`?name=alice`) or the one that this tab used before; null if there is none. */
export function rememberedName() {
    return cleanName(new URLSearchParams(location.search).get("name")) ?? sessionStorage.getItem(NAME_KEY);
}

export function rememberName(name) {
    sessionStorage.setItem(NAME_KEY, name);
}

export function forgetName() {
    sessionStorage.removeItem(NAME_KEY);
}

/** @returns {string | null} null if nothing is left of it */
export function cleanName(text) {
    return text?.trim().replace(/\s+/g, " ").slice(0, 64) || null;
}

/** The node refuses demo tokens; the message says what to do. */
export class DemoRefusedError extends Error {}

/**
 * Demo nodes hand out tokens for any name; real ones take tokens of your own sign-in.
 * @returns {Promise<string>}
 */
export async function demoToken(name) {
    const response = await fetch("/demo/token", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ user: name }),
    });
    if (response.ok) return (await response.json()).token;
    const refusal = await response.json().catch(() => ({}));
    throw new DemoRefusedError(refusal.message ?? `The node gives no demo tokens (HTTP ${response.status}).`);
}
