/** What the page says about states and ends, in one place. */

export function connectionText({ state, node }) {
    switch (state) {
        case "connected": return node ? `Connected to ${node}` : "Connected";
        case "connecting": return "Connecting…";
        case "reconnecting": return "Reconnecting…";
        default: return "Offline";
    }
}

/** Why there is no connection any more, and what the button beside it does. */
export function stoppedText(reason) {
    switch (reason) {
        case "replaced": return "This device is connected from another tab.";
        case "bad_token":
        case "token_expired": return "The node does not accept the sign-in any more.";
        case "demo_refused": return "This node is not in demo mode.";
        default: return `The node closed the connection (${reason}).`;
    }
}

export function stoppedAction(reason) {
    return reason === "replaced" ? "Use this tab" : "Try again";
}

export const signalingLost =
    "No connection to the node. It is made again by itself; what you do meanwhile is kept, and sent.";
export const nodeSilent = "The node does not answer. Try again.";
export const ownName = "That is you. Open a second tab with another name, and call that one.";

/** @param {{ returned: boolean }} facts - `returned`: both had called each other */
export function callText(call, { returned }) {
    switch (call.state) {
        case "inviting": return "Calling…";
        case "ringing": return "Ringing…";
        case "connecting": return returned ? `${call.peer} is calling you too, connecting…` : "Connecting…";
        default: return "";
    }
}

/** Over the picture, while no media gets through; null if it does. */
export function interruptionText(call) {
    if (call.state === "reconnecting") return "Connection lost. Getting it back…";
    if (call.state === "active" && call.peerReconnecting) return `${call.peer} has lost the connection. Waiting…`;
    return null;
}

export function incomingText(peer) {
    return `${peer} is calling`;
}

export function kindText(media) {
    return media.video ? "Video call" : "Voice call";
}

export const askingText = "One moment: is it still ringing?";

/** What the buttons of a call that rings say; `talking`: there is a call that picking up would end. */
export function choiceTexts({ talking }) {
    return talking
        ? { decline: "Busy", accept: "End call, pick up", acceptAudio: "Without video" }
        : { decline: "Decline", accept: "Pick up", acceptAudio: "Without video" };
}

/**
 * How a call ended, told to the user of this device; null: what came in its place tells.
 * @param {{ renewed: boolean }} facts - `renewed`: there is a newer call with the same peer
 */
export function endText(call, { renewed }) {
    const { peer, role, endReason, endDetail } = call;
    const talked = call.timings.iceConnected !== undefined;
    switch (endReason) {
        case "hangup": return talked ? `The call with ${peer} has ended.` : `${peer} was not reached.`;
        case "cancelled":
            if (role === "callee") return `You missed a call from ${peer}.`;
            if (endDetail === "caller_lost") return "The call was given up: this device was offline.";
            return "You cancelled the call.";
        case "declined": return role === "caller" ? `${peer} declined.` : `You declined ${peer}'s call.`;
        case "answered_elsewhere": return "Answered on another of your devices.";
        case "declined_elsewhere": return "Declined on another of your devices.";
        case "ignored": return `${peer}'s call is quiet here, and rings on elsewhere.`;
        case "busy":
            return role === "caller" ? `${peer} is in another call.` : `${peer} called while you were in a call.`;
        case "no_answer": return role === "caller" ? `${peer} did not answer.` : `You missed a call from ${peer}.`;
        case "expired":
            return role === "caller" ? "The call came too late to ring." : `You missed a call from ${peer}.`;
        case "unreachable": return `${peer} is not online.`;
        case "not_allowed": return `You may not call ${peer}.`;
        case "glare": return null;
        case "replaced": return renewed ? null : "The call goes on on another of your devices.";
        case "connect_failed": return "No connection between the two devices could be made.";
        case "media_lost": return `The connection to ${peer} was lost.`;
        case "signal_lost": return "The call was given up: both sides were out of reach for too long.";
        case "media_error":
        case "unsupported": return "The browser could not set up the call.";
        case "server_error": return "The server could not go on with the call.";
        default: return `The call has ended (${endReason}).`;
    }
}

/** The page was opened for a call that is over by now. */
export function overText(caller) {
    return `${caller}'s call is over.`;
}

const ENDS = {
    cancelled: "cancelled", declined: "declined", busy: "busy", no_answer: "no answer", unreachable: "not online",
    answered_elsewhere: "answered elsewhere", declined_elsewhere: "declined elsewhere", ignored: "ignored",
    not_allowed: "not allowed",
};

/**
 * How it ended in two words, for a list that names the peer already.
 * @param {import("./recent-calls.js").RecentCall} entry
 */
export function outcomeText({ role, reason, talkedMs, missed }) {
    if (missed) return "Missed call";
    const direction = role === "caller" ? "Outgoing" : "Incoming";
    if (talkedMs !== null) return `${direction} · ${durationText(talkedMs)}`;
    return `${direction} · ${ENDS[reason] ?? "not connected"}`;
}

export function missed(call) {
    return call.role === "callee" && ["cancelled", "no_answer", "busy", "expired"].includes(call.endReason);
}

/** @param {number} time - milliseconds since 1970 */
export function clockText(time) {
    const sameDay = new Date(time).toDateString() === new Date().toDateString();
    const day = sameDay ? {} : { day: "numeric", month: "short" };
    return new Intl.DateTimeFormat(undefined, { ...day, hour: "numeric", minute: "2-digit" }).format(time);
}

/** @param {number} ms */
export function durationText(ms) {
    const seconds = Math.max(0, Math.floor(ms / 1_000));
    const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
    const end = `${hours ? String(minutes).padStart(2, "0") : minutes}:${String(seconds % 60).padStart(2, "0")}`;
    return hours ? `${hours}:${end}` : end;
}

// ------------------------------------------------------------------------------------------------ in a call

export const controlTexts = {
    mute: ["Mute microphone", "Unmute microphone"],
    camera: ["Switch camera off", "Switch camera on"],
    screen: ["Share screen", "Stop sharing the screen"],
};

/** Pills over the picture; what is not so is left out. */
export function noteTexts(call, { media, handover }) {
    return {
        media,
        handover: handover ? `${call.peer} takes the call to another device…` : null,
        peerMuted: call.remoteMuted.audio ? `${call.peer} is muted` : null,
        peerScreen: call.screen.remote ? `${call.peer} shows a screen` : null,
        screen: call.screen.local ? "You show your screen" : null,
        paused: call.videoPaused ? "Your picture pauses: the network takes too little" : null,
    };
}

export function missingMediaText({ sound, camera }) {
    if (!sound && !camera) return "No camera or microphone: you see and hear, and a picture stands for you.";
    if (!sound) return "No microphone: you can listen, but not be heard.";
    if (!camera) return "No camera: a picture stands for you.";
    return null;
}

export const securityTexts = {
    pending: "Security code is being made…",
    ready: "Compare by voice",
    failed: "Somebody may be listening in",
};

/** @param {import("../sdk/index.js").SecurityEmoji[]} code */
export function securityLabel(code) {
    return `Security code: ${code.map(({ name }) => name).join(", ")}. What is it for?`;
}

export function elsewhereText({ peer }) {
    return peer ? `In a call with ${peer}` : "In a call";
}

// ------------------------------------------------------------------------------------------------ figures

export const stepNames = {
    invited: "Call begun",
    accepted: "Accepted by server",
    offerSent: "Own side prepared",
    ringing: "Ringing",
    pickedUp: "Picked up",
    selected: "Device selected",
    prepared: "Peer's side received",
    iceConnected: "Connected",
    firstFrame: "First frame",
    ended: "Ended",
};

export function millisecondsText(ms) {
    return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** What matters most of a call's timings, counted from the pickup; empty before. */
export function timingHeadline({ pickedUp, selected, iceConnected, firstFrame }) {
    const picked = pickedUp ?? selected;
    if (picked === undefined || iceConnected === undefined) return "";
    const connected = `connected in ${Math.round(iceConnected - picked)} ms`;
    return firstFrame === undefined ? connected : `${connected}, picture in ${Math.round(firstFrame - picked)} ms`;
}

/** @param {import("../sdk/index.js").StreamStatistics | undefined} stream */
export function streamTexts(stream) {
    if (!stream) return {};
    const { kbps, codec, width, height, framesPerSecond, lossRatio, jitterMs, limitedBy } = stream;
    return {
        rate: `${Math.round(kbps)} kbit/s`,
        codec: codec?.replace(/^(audio|video)\//, ""),
        size: width && height ? `${width} × ${height}` : undefined,
        frames: framesPerSecond === undefined ? undefined : `${Math.round(framesPerSecond)} /s`,
        loss: lossRatio === undefined ? undefined : `${(lossRatio * 100).toFixed(1)} %`,
        jitter: jitterMs === undefined ? undefined : `${Math.round(jitterMs)} ms`,
        limit: limitedBy && limitedBy !== "none" ? limitedBy : undefined,
    };
}

/** @param {import("../sdk/index.js").CallStatistics["path"]} path */
export function pathText(path) {
    if (!path) return "–";
    const way = path.relayed ? `relayed${path.relayProtocol ? `, ${path.relayProtocol} to the relay` : ""}` : "direct";
    return [way, path.protocol, path.networkType].filter(Boolean).join(", ");
}

// ------------------------------------------------------------------------------------------------ notifications

export const pushTexts = {
    title: "Ring me when this page is closed",
    off: "Calls reach you here by a notification of the browser.",
    on: "This browser rings for you, even with no page open.",
    refused: "The browser does not allow notifications for this page. Its settings do.",
    failed: "That did not work. Is the push service of the browser within reach?",
};

/** @param {import("../sdk/index.js").PushPayload} payload */
export function notificationTexts({ type, caller, video }) {
    const from = caller ? ` from ${caller}` : "";
    if (type === "cancel") return { title: `Missed call${from}`, body: "Open the page to call back." };
    return { title: `${caller} is calling`, body: `${kindText({ video })}. Open the page to pick up.` };
}

/** Whether the end that a push tells is one that the user has missed, not dealt with on another device. */
export function missedByPush({ type, reason }) {
    return type === "cancel" && ["cancelled", "no_answer", "expired", "busy"].includes(reason);
}
