/** Which kinds of media; also: which of them are muted. */
export interface Media {
    audio: boolean;
    video: boolean;
}

export interface MediaRequest extends Media {
    /** Used instead of camera and microphone. Its tracks stay the application's: the SDK never stops them. */
    stream?: MediaStream | Promise<MediaStream>;
}

/** Bounds of what is sent, in kbit/s. What is absent is the browser's to decide. */
export interface BitrateLimits {
    /** Chromium only (`x-google-min-bitrate`). */
    minKbps?: number;
    /** What to begin with, before anything is known of the network. Chromium only (`x-google-start-bitrate`). */
    startKbps?: number;
    maxKbps?: number;
}

export interface MediaBitrateLimits {
    audio?: Pick<BitrateLimits, "maxKbps">;
    video?: BitrateLimits;
}

/**
 * When the camera's picture is given up for the sake of the sound. Below `belowKbps` of available outgoing bitrate for
 * `afterMs` the video pauses; above `resumeAboveKbps` for `resumeAfterMs` it goes on. An estimate hardly rises while
 * little is sent, so video is also tried again after `retryMs`, twice as late each time it fails.
 */
export interface VideoPausePolicy {
    /** Default 40. */
    belowKbps?: number;
    /** Default 4 000. */
    afterMs?: number;
    /** Default 80. */
    resumeAboveKbps?: number;
    /** Default 6 000. */
    resumeAfterMs?: number;
    /** Default 20 000; at most ten times that. */
    retryMs?: number;
}

/** In which order codecs are offered. `auto`: H.264 first where hardware encodes it, else VP8. Firefox keeps its own. */
export interface CodecPolicy {
    video?: "auto" | "H264" | "VP8" | "VP9" | "AV1";
}

/** One direction of one kind of media, over the time since the last look. */
export interface StreamStatistics {
    kbps: number;
    /** As `video/VP8`. */
    codec?: string;
    packets: number;
    /** Of the packets since the last look, from 0 to 1. For what is sent: as the peer reports it. */
    lossRatio?: number;
    jitterMs?: number;
    width?: number;
    height?: number;
    framesPerSecond?: number;
    /** Frames decoded (received) or encoded (sent) since the call began. */
    frames?: number;
    /** Of what is sent: why the browser sends less than it could (`cpu`, `bandwidth`, `other`). */
    limitedBy?: string;
}

/** What passes between the two devices. */
export interface CallStatistics {
    /** Milliseconds since 1970. */
    time: number;
    /** Since the last look; 0 for the first one. */
    intervalMs: number;
    sent: { audio?: StreamStatistics; video?: StreamStatistics };
    received: { audio?: StreamStatistics; video?: StreamStatistics };
    roundTripMs?: number;
    /** The browser's estimate of what could be sent. */
    availableOutgoingKbps?: number;
    /** The pair of candidates in use. */
    path?: {
        local: CandidateType;
        remote: CandidateType;
        /** Through a TURN server. */
        relayed: boolean;
        protocol?: string;
        /** Of the way to the TURN server: `udp`, `tcp` or `tls`. */
        relayProtocol?: string;
        /** As far as the browser tells: `wifi`, `cellular`, … */
        networkType?: string;
    };
}

export type CandidateType = "host" | "srflx" | "prflx" | "relay";

/** One picture of a security code. */
export interface SecurityEmoji {
    emoji: string;
    /** In English, for screen readers and for reading it to each other. */
    name: string;
}
