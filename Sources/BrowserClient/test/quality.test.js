import assert from "node:assert/strict";
import { test } from "node:test";
import { withBitrateHints } from "../sdk/media/bitrate-hints.js";
import { orderedCodecs } from "../sdk/media/codec-order.js";
import { SendingPolicy } from "../sdk/media/sending-policy.js";
import { encodesH264InHardware, VideoCodecChoice } from "../sdk/media/video-codec.js";
import { VideoPause } from "../sdk/media/video-pause.js";
import { summarise } from "../sdk/statistics/summary.js";
import { active, clock, last } from "./support/call-side.js";
import { FakePeerConnection } from "./support/fake-peer-connection.js";
import { settle } from "./support/manual-clock.js";

// ------------------------------------------------------------------------------------------- codecs

const codecs = ["video/VP8", "video/rtx", "video/VP9", "video/H264", "video/H264"].map((mimeType, index) =>
    ({ mimeType, index }));

test("the wanted codec comes first, in all its kinds; the others keep their order", () => {
    assert.deepEqual(orderedCodecs(codecs, "h264").map(({ index }) => index), [3, 4, 0, 1, 2]);
    assert.deepEqual(orderedCodecs(codecs, "AV1"), codecs);
});

test("H.264 where hardware has it, else VP8; what the application wants, before all", async () => {
    const choice = async (wanted, inHardware) => {
        const made = new VideoCodecChoice({ wanted, encodesH264InHardware: inHardware });
        await settle();
        return made.codec;
    };
    assert.equal(await choice("auto", async () => true), "H264");
    assert.equal(await choice("auto", async () => false), "VP8");
    assert.equal(await choice("auto", () => Promise.reject(new Error("unknown"))), "VP8");
    assert.equal(await choice("VP9", async () => true), "VP9");
    assert.equal(new VideoCodecChoice({ encodesH264InHardware: () => new Promise(() => {}) }).codec, "VP8",
        "nobody waits for it");
});

test("what Media Capabilities says of hardware; where it says nothing, the platform", async () => {
    const navigator = (answer, userAgent = "") => ({ userAgent, mediaCapabilities: { encodingInfo: answer } });
    assert.equal(await encodesH264InHardware(navigator(async () => ({ supported: true, powerEfficient: true }))), true);
    assert.equal(await encodesH264InHardware(navigator(async () => ({ supported: true, powerEfficient: false }))), false);
    const unknown = () => Promise.reject(new TypeError("no such type"));
    assert.equal(await encodesH264InHardware(navigator(unknown, "Mozilla/5.0 (iPhone; CPU)")), true);
    assert.equal(await encodesH264InHardware(navigator(unknown, "Mozilla/5.0 (X11; Linux)")), false);
    assert.equal(await encodesH264InHardware(undefined), false);
});

test("a browser that does not take the order keeps its own", () => {
    const policy = new SendingPolicy({ codecs: () => codecs, videoCodec: () => "H264" });
    let given;
    const transceiver = { receiver: { track: { kind: "video" } }, setCodecPreferences: (order) => (given = order) };
    policy.prefer(transceiver);
    assert.equal(given[0].mimeType, "video/H264");
    policy.prefer({ receiver: { track: { kind: "video" } } });
    transceiver.setCodecPreferences = () => {
        throw new Error("InvalidModificationError");
    };
    policy.prefer(transceiver);
});

// ------------------------------------------------------------------------------------------- bitrates

const sdp = [
    "v=0", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10",
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102", "a=rtpmap:96 VP8/90000", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96",
    "a=rtpmap:102 H264/90000", "a=fmtp:102 packetization-mode=1", "",
].join("\r\n");

test("lowest and first bitrate are written at each codec of the video, and nowhere else", () => {
    const lines = withBitrateHints(sdp, { minKbps: 50, startKbps: 300 }).split("\r\n");
    const hints = "x-google-min-bitrate=50;x-google-start-bitrate=300";
    assert.deepEqual(lines.filter((line) => line.includes("x-google")),
        [`a=fmtp:96 ${hints}`, `a=fmtp:102 packetization-mode=1;${hints}`]);
    assert.equal(lines.length, sdp.split("\r\n").length + 1);
    assert.equal(withBitrateHints(sdp, {}), sdp);
    assert.equal(withBitrateHints(sdp, { maxKbps: 900 }), sdp);
});

test("the highest bitrate and the pause are set at the senders, and taken back", async () => {
    const connection = new FakePeerConnection("p");
    for (const kind of ["audio", "video"]) connection.addTransceiver(kind, { direction: "sendrecv" });
    const policy = new SendingPolicy({ codecs: () => undefined, videoCodec: () => "VP8" });
    const encodings = () => connection.getTransceivers().map(({ sender }) => sender.parameters.encodings[0]);
    policy.limit({ video: { maxKbps: 600 }, audio: { maxKbps: 24 } });
    policy.videoActive = false;
    await policy.apply(connection);
    assert.deepEqual(encodings(), [{ active: true, maxBitrate: 24_000 }, { active: false, maxBitrate: 600_000 }]);
    policy.limit({ video: {} });
    policy.videoActive = true;
    await policy.apply(connection);
    assert.deepEqual(encodings(), [{ active: true, maxBitrate: 24_000 }, { active: true }]);
});

// ------------------------------------------------------------------------------------------- the video's pause

/** What happens when samples come once a second. */
function pauses(kbps, policy) {
    const pause = new VideoPause(policy);
    return kbps.flatMap((availableKbps, second) =>
        (pause.sample({ now: second * 1_000, availableKbps }) ? [[second, pause.paused]] : []));
}

const seconds = (count, kbps) => Array(count).fill(kbps);

test("video pauses when too little has been available for a while, not for a moment", () => {
    assert.deepEqual(pauses([...seconds(3, 39), ...seconds(1, 41), ...seconds(3, 39)]), []);
    assert.deepEqual(pauses(seconds(10, 39)), [[4, true]]);
});

test("it goes on when clearly more has been available for a while: between the bounds nothing changes", () => {
    const bad = seconds(5, 20);
    assert.deepEqual(pauses([...bad, ...seconds(14, 60)]), [[4, true]]);
    assert.deepEqual(pauses([...bad, ...seconds(14, 90)]), [[4, true], [11, false]]);
});

test("it is tried from time to time, twice as late each time that it fails", () => {
    const tries = pauses(seconds(200, 20)).filter(([, paused]) => !paused).map(([second]) => second);
    assert.deepEqual(tries.slice(0, 3), [24, 69, 154]);
});

test("where the browser estimates nothing, nothing is decided", () => {
    assert.deepEqual(pauses(seconds(20, undefined)), []);
});

test("the bounds are the application's to set", () => {
    assert.deepEqual(pauses(seconds(10, 100), { belowKbps: 150, afterMs: 1_000 }).slice(0, 1), [[1, true]]);
});

/** A call whose network takes so much. */
function available(one, kbps) {
    one.connections.at(-1).stats = new Map([
        ["T", { id: "T", type: "transport", selectedCandidatePairId: "P" }],
        ["P", { id: "P", type: "candidate-pair", availableOutgoingBitrate: kbps * 1_000 }],
    ]);
}

test("in a call: the encoding stops, the peer sees no camera, the application hears of it, and back", async () => {
    const one = await active("caller", { quality: { intervalMs: 1_000 } });
    available(one, 20);
    await clock.advance(7_000);
    const video = one.connections[0].getTransceivers()[1].sender;
    assert.equal(video.parameters.encodings[0].active, false);
    assert.deepEqual(last(one, "mediaState"), { audioMuted: false, videoMuted: true });
    assert.equal(one.call.videoPaused, true);
    assert.equal(one.call.muted.video, false, "the user has not muted it");
    available(one, 500);
    await clock.advance(9_000);
    assert.equal(video.parameters.encodings[0].active, true);
    assert.deepEqual(one.events.filter(([type]) => type === "videopause").map(([, { paused }]) => paused), [true, false]);
});

test("without a picture to send there is nothing to pause; nor if the application does not want it", async () => {
    const muted = await active("caller", { quality: { intervalMs: 1_000 } });
    muted.call.setMuted({ video: true });
    const unwanted = await active("caller", { quality: { intervalMs: 1_000, videoPause: false } });
    for (const one of [muted, unwanted]) available(one, 20);
    await clock.advance(10_000);
    for (const one of [muted, unwanted]) assert.equal(one.call.videoPaused, false);
});

// ------------------------------------------------------------------------------------------- statistics

const report = (factor) => new Map([
    ["IV", {
        id: "IV", type: "inbound-rtp", kind: "video", bytesReceived: 125_000 * factor, packetsReceived: 90 * factor,
        packetsLost: 10 * factor, jitter: 0.004, frameWidth: 1280, frameHeight: 720, framesPerSecond: 30,
        framesDecoded: 60 * factor, codecId: "C",
    }],
    ["OA", { id: "OA", type: "outbound-rtp", kind: "audio", bytesSent: 4_000 * factor, packetsSent: 50 * factor, remoteId: "RI" }],
    ["RI", { id: "RI", type: "remote-inbound-rtp", fractionLost: 0.25, jitter: 0.01 }],
    ["C", { id: "C", type: "codec", mimeType: "video/VP8" }],
    ["T", { id: "T", type: "transport", selectedCandidatePairId: "P" }],
    ["P", {
        id: "P", type: "candidate-pair", currentRoundTripTime: 0.08, availableOutgoingBitrate: 300_000,
        localCandidateId: "L", remoteCandidateId: "R",
    }],
    ["L", { id: "L", type: "local-candidate", candidateType: "relay", protocol: "udp", relayProtocol: "tls", networkType: "wifi" }],
    ["R", { id: "R", type: "remote-candidate", candidateType: "srflx" }],
]);

test("rates and losses are of the time since the last look", () => {
    const first = summarise(report(1), null, 1_000);
    assert.equal(first.statistics.received.video.kbps, 0);
    const { statistics } = summarise(report(2), first, 2_000);
    assert.deepEqual(statistics, {
        time: 2_000,
        intervalMs: 1_000,
        sent: { audio: { kbps: 32, packets: 100, lossRatio: 0.25, jitterMs: 10 } },
        received: {
            video: {
                kbps: 1_000, codec: "video/VP8", packets: 180, lossRatio: 0.1, jitterMs: 4, width: 1280, height: 720,
                framesPerSecond: 30, frames: 120,
            },
        },
        roundTripMs: 80,
        availableOutgoingKbps: 300,
        path: {
            local: "relay", remote: "srflx", relayed: true, protocol: "udp", relayProtocol: "tls", networkType: "wifi",
        },
    });
});

test("Firefox marks the pair in use itself", () => {
    const entries = report(1);
    entries.delete("T");
    entries.get("P").selected = true;
    assert.equal(summarise(entries, null, 0).statistics.path.local, "relay");
});

test("nothing in use yet: nothing is made up", () => {
    assert.deepEqual(summarise(new Map(), null, 5).statistics, { time: 5, intervalMs: 0, sent: {}, received: {} });
});

test("a call tells its statistics while it is active, and when asked", async () => {
    const one = await active("caller", { quality: { intervalMs: 1_000 } });
    one.connections[0].stats = report(1);
    await clock.advance(3_000);
    assert.equal(one.events.filter(([type]) => type === "statistics").length, 3);
    one.connections[0].iceBecomes("disconnected");
    await clock.advance(1_000);
    assert.equal(one.events.filter(([type]) => type === "statistics").length, 3);
    assert.equal((await one.call.statistics()).roundTripMs, 80);
    one.call.hangup();
    await clock.advance(10_000);
    assert.equal(one.events.filter(([type]) => type === "statistics").length, 3);
});

test("a call without a connection has none", async () => {
    const { side } = await import("./support/call-side.js");
    assert.equal(await side("callee").call.statistics(), null);
});
