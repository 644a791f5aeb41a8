/**
 * Writes the lowest and the first bitrate of video into a description of the peer's, where Chromium looks for them
 * (`x-google-min-bitrate`, `x-google-start-bitrate`, in kbit/s). The standard knows only a maximum; other browsers
 * ignore the names.
 * @param {string} sdp
 * @param {import("../types/media.js").BitrateLimits} limits
 */
export function withBitrateHints(sdp, { minKbps, startKbps }) {
    const hints = [];
    if (minKbps !== undefined) hints.push(`x-google-min-bitrate=${Math.round(minKbps)}`);
    if (startKbps !== undefined) hints.push(`x-google-start-bitrate=${Math.round(startKbps)}`);
    if (hints.length === 0 || !sdp) return sdp;
    return sdp.split(/(?=^m=)/m).map((section) => (section.startsWith("m=video") ? hinted(section, hints) : section))
        .join("");
}

/** One media section with the hints at each of its codecs. */
function hinted(section, hints) {
    const lines = section.split("\r\n");
    return lines.flatMap((line) => {
        const parameters = /^a=fmtp:(\d+) /.exec(line);
        if (parameters) return isRepair(lines, parameters[1]) ? [line] : [`${line};${hints.join(";")}`];
        const codec = /^a=rtpmap:(\d+) /.exec(line);
        if (!codec || isRepair(lines, codec[1])) return [line];
        const hasParameters = lines.some((other) => other.startsWith(`a=fmtp:${codec[1]} `));
        return hasParameters ? [line] : [line, `a=fmtp:${codec[1]} ${hints.join(";")}`];
    }).join("\r\n");
}

/** Retransmission and error correction carry no bitrate of their own. */
function isRepair(lines, payloadType) {
    const map = lines.find((line) => line.startsWith(`a=rtpmap:${payloadType} `)) ?? "";
    return /\s(rtx|red|ulpfec|flexfec-03)\//i.test(map);
}
