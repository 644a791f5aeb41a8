// Never run: it is compiled in strict mode, to see that the public types let an application say what it should, and no
// more. Lines behind `@ts-expect-error` must not compile.
import {
    Call, CallElsewhere, CallStatistics, IndexedDBStorage, MemoryStorage, PushEndpoints, SecurityEmoji,
    SwitchboardClient, notificationTag,
} from "../../sdk/index.js";

const client = new SwitchboardClient({
    url: "wss://calls.example.org/v1/connect",
    getToken: async () => "token",
    openMedia: async ({ audio, video }, { media }) =>
        navigator.mediaDevices.getUserMedia({ audio, video: video && media.video }),
    busyWhenInCall: true,
    codecs: { video: "H264" },
    bitrate: { video: { startKbps: 300 }, audio: { maxKbps: 24 } },
    videoPause: false,
    storage: new MemoryStorage(),
});
// @ts-expect-error an option that does not exist
new SwitchboardClient({ url: "", getToken: () => "", retries: 3 });
// @ts-expect-error made by the client only
new Call();

client.addEventListener("connection", ({ detail }) => {
    if (detail.state === "stopped") console.log(detail.reason?.length, detail.node);
    // @ts-expect-error no such state
    if (detail.state === "broken") return;
});
client.addEventListener("elsewhere", ({ detail: { calls } }) => {
    const [first]: CallElsewhere[] = calls;
    if (first) client.takeOver(first.callId, { video: false }).hangup();
});
for (const type of ["incoming", "restored", "busy", "call"] as const) {
    client.addEventListener(type, ({ detail: { call } }) => follow(call), { once: true });
}

function follow(call: Call): void {
    call.addEventListener("state", ({ detail: { state, reason } }) => console.log(state, reason?.toUpperCase()));
    call.addEventListener("security", ({ detail: { code } }) => show(code ?? []));
    call.addEventListener("statistics", ({ detail }) => graph(detail));
    call.addEventListener("glare", ({ detail: { previousId, id } }) => console.log(previousId === id));
    call.addEventListener("handover", ({ detail: { state } }) => console.log(state === "failed"));
    // @ts-expect-error the detail of `mute` has no such part
    call.addEventListener("mute", ({ detail }) => console.log(detail.screen));
    // An event of the platform, or of a later version.
    call.addEventListener("other", (event) => console.log(event.type));
    // @ts-expect-error it is the server's to say
    call.state = "active";
    const since: number | null = call.activeSince;
    call.accept({ stream: new MediaStream(), video: since !== null });
    call.setMuted({ audio: true });
}

function show(code: SecurityEmoji[]): string {
    return code.map(({ emoji, name }) => emoji + name).join(" ");
}

function graph({ received, path, roundTripMs }: CallStatistics): number | undefined {
    return path?.relayed ? received.video?.kbps : roundTripMs;
}

export async function main(registration: ServiceWorkerRegistration): Promise<void> {
    await client.connect();
    follow(client.call("bob"));
    const storage: MemoryStorage = await IndexedDBStorage.open();
    await storage.loadCalls("device");
    const push = new PushEndpoints({ getToken: () => "token" });
    const endpoint = await push.subscribe(registration);
    if (endpoint) await push.remove(endpoint.id);
    const call = await client.pushed({ type: "invite", conversation: "id", caller: "alice" });
    if (call) console.log(notificationTag(call.id));
    // @ts-expect-error a kind of media that does not exist
    await call?.removeTrack("screen");
}
