/**
 * @typedef {object} Look
 * @property {import("../types/media.js").CallStatistics} statistics
 * @property {Map<string, object>} counters - for the next look
 */

/**
 * Makes figures that people understand out of a report of the browser (webrtc-stats), by what passed since the look
 * before. Pure.
 * @param {Iterable<[string, object]>} report
 * @param {Look | null} before - of the same peer connection; null for the first look
 * @param {number} time - milliseconds since 1970
 * @returns {Look}
 */
export function summarise(report, before, time) {
    const all = new Map(report);
    const intervalMs = before ? time - before.statistics.time : 0;
    const context = { all, before: before?.counters ?? new Map(), intervalMs };
    const statistics = { time, intervalMs, sent: {}, received: {} };
    for (const entry of all.values()) {
        if (entry.type === "inbound-rtp") statistics.received[entry.kind] ??= received(entry, context);
        if (entry.type === "outbound-rtp") statistics.sent[entry.kind] ??= sent(entry, context);
    }
    Object.assign(statistics, pathStatistics(all));
    return { statistics, counters: all };
}

function received(entry, context) {
    const lost = difference(entry, context, "packetsLost");
    const arrived = difference(entry, context, "packetsReceived");
    return defined({
        kbps: rate(entry, context, "bytesReceived"),
        codec: codecOf(entry, context),
        packets: entry.packetsReceived ?? 0,
        lossRatio: ratio(lost, lost + arrived),
        jitterMs: milliseconds(entry.jitter),
        width: entry.frameWidth,
        height: entry.frameHeight,
        framesPerSecond: entry.framesPerSecond,
        frames: entry.framesDecoded,
    });
}

function sent(entry, context) {
    // How it arrived is told by the peer's reports.
    const remote = context.all.get(entry.remoteId);
    const limited = entry.qualityLimitationReason;
    return defined({
        kbps: rate(entry, context, "bytesSent"),
        codec: codecOf(entry, context),
        packets: entry.packetsSent ?? 0,
        lossRatio: remote?.fractionLost,
        jitterMs: milliseconds(remote?.jitter),
        width: entry.frameWidth,
        height: entry.frameHeight,
        framesPerSecond: entry.framesPerSecond,
        frames: entry.framesEncoded,
        limitedBy: limited === "none" ? undefined : limited,
    });
}

function pathStatistics(all) {
    const pair = selectedPair(all);
    if (!pair) return {};
    const local = all.get(pair.localCandidateId);
    const remote = all.get(pair.remoteCandidateId);
    const available = pair.availableOutgoingBitrate;
    return defined({
        roundTripMs: milliseconds(pair.currentRoundTripTime),
        availableOutgoingKbps: available === undefined ? undefined : available / 1_000,
        path: local && remote && defined({
            local: local.candidateType,
            remote: remote.candidateType,
            relayed: local.candidateType === "relay" || remote.candidateType === "relay",
            protocol: local.protocol,
            relayProtocol: local.relayProtocol,
            networkType: local.networkType === "unknown" ? undefined : local.networkType,
        }),
    });
}

/** Chromium names it in the transport; Firefox marks the pair. */
function selectedPair(all) {
    const entries = [...all.values()];
    const named = entries.find(({ type, selectedCandidatePairId }) => type === "transport" && selectedCandidatePairId);
    if (named) return all.get(named.selectedCandidatePairId);
    const pairs = entries.filter(({ type }) => type === "candidate-pair");
    return pairs.find(({ selected }) => selected) ?? pairs.find(({ nominated, state }) =>
        nominated && state === "succeeded");
}

function codecOf({ codecId }, { all }) {
    return all.get(codecId)?.mimeType;
}

function rate(entry, context, counter) {
    if (context.intervalMs <= 0) return 0;
    return (difference(entry, context, counter) * 8) / context.intervalMs;
}

/** Counters begin anew when the stream does. */
function difference(entry, { before }, counter) {
    return Math.max(0, (entry[counter] ?? 0) - (before.get(entry.id)?.[counter] ?? 0));
}

function ratio(part, whole) {
    return whole > 0 ? part / whole : undefined;
}

function milliseconds(seconds) {
    return seconds === undefined ? undefined : seconds * 1_000;
}

function defined(values) {
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
