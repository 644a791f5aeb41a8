/** What the page says about states and ends, in one place. */

export function connectionText({ state, node }) {
    switch (state) {
        case "connected": return node ? `Connected to ${node}` : "Connected";
        case "connecting": return "Connecting…";
        case "reconnecting": return "Reconnecting…";
        default: return "Offline";
    }
}

export function stoppedText(reason) {
    switch (reason) {
        case "replaced": return "This device is connected from another tab.";
        case "bad_token":
        case "token_expired": return "The node does not accept the sign-in any more.";
        case "demo_refused": return "This node is not in demo mode.";
        default: return `The node closed the connection (${reason}).`;
    }
}

export function callText(call) {
    switch (call.state) {
        case "inviting": return "Calling…";
        case "ringing": return "Ringing…";
        case "connecting": return "Connecting…";
        case "reconnecting": return "Connection lost. Trying to get it back…";
        default: return "";
    }
}

/** How a call ended, told to the user of this device. */
export function endText(call) {
    const { peer, role, endReason } = call;
    const talked = call.timings.iceConnected !== undefined;
    switch (endReason) {
        case "hangup": return talked ? `The call with ${peer} has ended.` : `${peer} was not reached.`;
        case "cancelled": return role === "caller" ? "You cancelled the call." : `You missed a call from ${peer}.`;
        case "declined": return role === "caller" ? `${peer} declined.` : `You declined ${peer}'s call.`;
        case "answered_elsewhere": return "Answered on another of your devices.";
        case "declined_elsewhere": return "Declined on another of your devices.";
        case "busy":
            return role === "caller" ? `${peer} is in another call.` : `${peer} called while you were in a call.`;
        case "no_answer": return role === "caller" ? `${peer} did not answer.` : `You missed a call from ${peer}.`;
        case "unreachable": return `${peer} is not online.`;
        case "not_allowed": return `You may not call ${peer}.`;
        case "connect_failed": return "No connection between the two devices could be made.";
        case "media_lost": return `The connection to ${peer} was lost.`;
        case "media_error": return "The browser could not set up the call.";
        default: return `The call has ended (${endReason}).`;
    }
}

/** The same in two words, for a list that names the peer already. */
export function outcomeText(call) {
    if (missed(call)) return "Missed call";
    const direction = call.role === "caller" ? "Outgoing" : "Incoming";
    const { iceConnected, ended } = call.timings;
    if (iceConnected !== undefined) return `${direction} · ${durationText(ended - iceConnected)}`;
    const ends = {
        cancelled: "cancelled", declined: "declined", busy: "busy", no_answer: "no answer", unreachable: "not online",
        answered_elsewhere: "answered elsewhere", declined_elsewhere: "declined elsewhere",
    };
    return `${direction} · ${ends[call.endReason] ?? "not connected"}`;
}

export function missed(call) {
    return call.role === "callee" && ["cancelled", "no_answer", "busy", "expired"].includes(call.endReason);
}

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

/** @param {number} ms */
export function durationText(ms) {
    const seconds = Math.floor(ms / 1_000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
