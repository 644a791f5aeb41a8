import { SwitchboardClient } from "/sdk/index.js";
import { CallDesk } from "./call-desk.js";
import { element, focusInput, setText, showScreen } from "./page.js";
import { showAvatar } from "./portrait.js";
import { PushService } from "./push-service.js";
import { RecentCalls } from "./recent-calls.js";
import { Ringer } from "./ringer.js";
import { cleanName, DemoRefusedError, demoToken, forgetName, rememberedName, rememberName } from "./sign-in.js";
import { CallView } from "./views/call-view.js";
import { ConnectionView } from "./views/connection-view.js";
import { ElsewhereView } from "./views/elsewhere-view.js";
import { IncomingView } from "./views/incoming-view.js";
import { NoticeView } from "./views/notice-view.js";
import { PushView } from "./views/push-view.js";
import { RecentView } from "./views/recent-view.js";
import { nodeSilent, ownName } from "./words.js";

const ringer = new Ringer();
const notice = new NoticeView((peer) => desk.dial(peer, true));

/** @type {SwitchboardClient | null} */
let client = null;
/** @type {CallDesk | null} */
let desk = null;

/** For tests and for the curious: the objects behind the page. */
window.switchboard = {
    get client() {
        return client;
    },
    get call() {
        return desk?.current ?? null;
    },
};

async function signIn(name) {
    const error = element("sign-in-error");
    setText(error, null);
    try {
        await demoToken(name);
    } catch (refusal) {
        showScreen("sign-in");
        return setText(error, refusal instanceof DemoRefusedError ? refusal.message : nodeSilent);
    }
    rememberName(name);
    showMe(name);
    showScreen("home");
    focusInput("callee-input");
    start(name);
    return undefined;
}

function showMe(name) {
    element("user").textContent = name;
    showAvatar(document.querySelector("#home .avatar"), name);
    const other = name === "bob" ? "alice" : "bob";
    element("second-tab").href = `/?name=${other}`;
    element("second-tab").textContent = `Open a second tab as ${other}`;
}

function start(name) {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const getToken = () => demoToken(name);
    // `?relay=1`: no way but through the TURN server, to try one out.
    const relayOnly = new URLSearchParams(location.search).has("relay");
    client = new SwitchboardClient({
        url: `${scheme}://${location.host}/v1/connect`,
        getToken,
        openMedia: (media, call) => desk.openMedia(media, call, name),
        rtcConfiguration: relayOnly ? { iceTransportPolicy: "relay" } : {},
    });
    const connection = new ConnectionView(connect);
    client.addEventListener("connection", ({ detail }) => connection.show(detail));
    client.addEventListener("problem", ({ detail }) => console.info("switchboard:", detail.name, detail.message));
    const elsewhere = new ElsewhereView((call) => desk.takeOver(call));
    client.addEventListener("elsewhere", ({ detail }) => elsewhere.show(detail.calls));
    desk = new CallDesk({
        client,
        ringer,
        recent: new RecentCalls(name),
        views: {
            call: new CallView(client),
            incoming: new IncomingView({
                accept: (video) => desk.pickUp(video),
                decline: () => desk.decline(),
                ignore: () => desk.ignore(),
            }),
            notice,
            recent: new RecentView((peer, video) => desk.dial(peer, video)),
        },
    });
    connect();
    const push = new PushService({ user: name, getToken, pushed: (payload) => desk.pushed(payload) });
    new PushView(push).begin();
    push.openedFor(location);
}

function connect() {
    client.connect().catch(() => {
        // The banner says why, and how to go on.
    });
}

// ------------------------------------------------------------------------------------------------ the user's hand

document.querySelector("#sign-in form").onsubmit = (event) => {
    event.preventDefault();
    const name = cleanName(element("name-input").value);
    if (name) signIn(name);
};
document.querySelector("#home form").onsubmit = (event) => {
    event.preventDefault();
    const peer = cleanName(element("callee-input").value);
    if (peer === client.user) notice.show(ownName);
    else if (peer) desk.dial(peer, element("with-video").checked);
};
element("sign-out").onclick = () => {
    forgetName();
    client?.close({ hangUp: true });
    location.href = "/";
};
for (const type of ["pointerdown", "keydown"]) document.addEventListener(type, () => ringer.unlock(), { once: true });
// A page that is left may be one that is loaded anew: its call is there for the next one.
window.addEventListener("pagehide", () => client?.close());
// The browser's "back" may bring the page back as it was, without its connection.
window.addEventListener("pageshow", ({ persisted }) => persisted && client && connect());

const name = rememberedName();
if (name) {
    signIn(name);
} else {
    showScreen("sign-in");
    focusInput("name-input");
}
