import { SwitchboardClient } from "/sdk/index.js";
import { CallView } from "./call-view.js";
import { openMedia, stopMedia } from "./media.js";
import { showAvatar } from "./portrait.js";
import { RecentView } from "./recent-view.js";
import { Ringer } from "./ringer.js";
import { cleanName, DemoRefusedError, demoToken, forgetName, rememberedName, rememberName } from "./sign-in.js";
import { connectionText, endText, missed, stoppedText } from "./words.js";

const element = (testId) => document.querySelector(`[data-testid="${testId}"]`);
const screens = ["sign-in", "home", "call"].map((id) => document.getElementById(id));
const incomingDialog = document.getElementById("incoming");
const ringer = new Ringer();

/** @type {SwitchboardClient | null} */
let client = null;
/** @type {import("../sdk/index.js").Call | null} the call on the screen, or the last one */
let call = null;
/** @type {import("../sdk/index.js").Call | null} that rings in the dialog */
let ringing = null;
let views = null;

/** For tests and for the curious: the objects behind the page. */
window.switchboard = {
    get client() {
        return client;
    },
    get call() {
        return call;
    },
};

// ------------------------------------------------------------------------------------------------ screens

function show(id) {
    for (const screen of screens) screen.hidden = screen.id !== id;
    document.body.dataset.screen = id;
}

function setText(target, text) {
    target.textContent = text ?? "";
    target.hidden = !text;
}

function showTitle() {
    const idle = client?.user ? `${client.user} · Switchboard` : "Switchboard";
    document.title = ringing ? `${ringing.peer} is calling` : idle;
}

function showConnection(status) {
    const chip = element("connection");
    chip.dataset.state = status.state;
    chip.querySelector(".status-text").textContent = connectionText(status);
    const banner = element("banner");
    const action = banner.querySelector(".banner-action");
    const stopped = status.state === "stopped" && status.reason !== "closed";
    banner.hidden = !stopped && status.state !== "reconnecting";
    banner.dataset.state = status.state;
    banner.querySelector(".banner-text").textContent = stopped
        ? stoppedText(status.reason)
        : "Reconnecting to the node… What you do now is kept, and sent when it is back.";
    action.hidden = !stopped;
    action.textContent = status.reason === "replaced" ? "Use this tab" : "Try again";
    action.onclick = () => client.connect().catch(() => {});
}

// ------------------------------------------------------------------------------------------------ sign-in

async function signIn(name) {
    const error = element("sign-in-error");
    setText(error, null);
    try {
        await demoToken(name);
    } catch (refusal) {
        show("sign-in");
        const reason = refusal instanceof DemoRefusedError ? refusal.message : "The node does not answer. Try again.";
        return setText(error, reason);
    }
    rememberName(name);
    element("user").textContent = name;
    showAvatar(document.querySelector("#home .avatar"), name);
    element("second-tab").href = `/?name=${name === "bob" ? "alice" : "bob"}`;
    element("second-tab").textContent = `Open a second tab as ${name === "bob" ? "alice" : "bob"}`;
    start(name);
    show("home");
    focusInput("callee-input");
    return undefined;
}

function start(name) {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    client = new SwitchboardClient({
        url: `${scheme}://${location.host}/v1/connect`,
        getToken: () => demoToken(name),
    });
    client.addEventListener("connection", ({ detail }) => {
        showConnection(detail);
        showTitle();
    });
    client.addEventListener("incoming", ({ detail }) => ring(detail.call));
    client.addEventListener("problem", ({ detail }) => console.info("switchboard:", detail.name, detail.message));
    views = {
        call: new CallView(document.getElementById("call"), client),
        recent: new RecentView(document.getElementById("home"), (peer) => dial(peer, true)),
    };
    client.connect().catch(() => {
        // The banner says why, and how to go on.
    });
}

// ------------------------------------------------------------------------------------------------ calls

function dial(peer, video) {
    ringer.unlock();
    if (peer === client.user) {
        return setText(element("notice"), "That is you. Open a second tab with another name, and call that one.");
    }
    setText(element("notice"), null);
    const media = openOwnMedia({ audio: true, video });
    const dialled = client.call(peer, { audio: true, video, stream: media.stream });
    enter(dialled, media);
    ringer.start("ringback");
    return undefined;
}

function pickUp(video) {
    ringer.unlock();
    const accepted = ringing;
    const media = openOwnMedia({ audio: true, video: video && accepted.media.video });
    accepted.accept({ audio: true, video: video && accepted.media.video, stream: media.stream });
    closeDialog();
    enter(accepted, media);
}

/** Camera and microphone of one call, with what is missing told on the screen. */
function openOwnMedia(wanted) {
    const opening = openMedia(wanted, client.user ?? element("user").textContent);
    return { stream: opening.then(({ stream }) => stream), note: opening.then(({ note }) => note) };
}

function enter(entered, media) {
    call = entered;
    views.call.show(call);
    show("call");
    // Not the red button: a key pressed too late must not end the call.
    element("peer").focus({ preventScroll: true });
    media.note.then((note) => call === entered && views.call.note(note));
    entered.addEventListener("state", () => {
        if (entered.state !== "inviting" && entered.state !== "ringing") ringer.stop();
        if (entered.state !== "ended") return;
        media.stream.then(stopMedia);
        leave(entered);
    });
}

function ring(incoming) {
    if (ringing || (call && call.state !== "ended")) return incoming.busy();
    ringing = incoming;
    element("incoming-from").textContent = `${incoming.peer} is calling`;
    element("incoming-kind").textContent = incoming.media.video ? "Video call" : "Voice call";
    element("accept-audio").hidden = !incoming.media.video;
    showAvatar(incomingDialog.querySelector(".avatar"), incoming.peer);
    incomingDialog.showModal();
    ringer.start("ring");
    showTitle();
    incoming.addEventListener("state", () => {
        if (incoming.state !== "ended" || ringing !== incoming) return;
        closeDialog();
        leave(incoming);
    });
    return undefined;
}

function closeDialog() {
    ringing = null;
    ringer.stop();
    incomingDialog.close();
    showTitle();
}

function leave(ended) {
    ringer.stop();
    views.recent.add(ended);
    const notice = element("notice");
    setText(notice, endText(ended));
    notice.classList.toggle("missed", missed(ended));
    views.call.hide();
    show("home");
    focusInput("callee-input");
}

/** On a touch screen the focus would open the keyboard over the page. */
function focusInput(testId) {
    if (matchMedia("(pointer: fine)").matches) element(testId).focus({ preventScroll: true });
}

// ------------------------------------------------------------------------------------------------ the user's hand

document.querySelector("#sign-in form").onsubmit = (event) => {
    event.preventDefault();
    ringer.unlock();
    const name = cleanName(element("name-input").value);
    if (name) signIn(name);
};
document.querySelector("#home form").onsubmit = (event) => {
    event.preventDefault();
    const peer = cleanName(element("callee-input").value);
    if (peer) dial(peer, element("with-video").checked);
};
element("sign-out").onclick = () => {
    forgetName();
    client?.close({ hangUp: true });
    location.href = "/";
};
element("accept").onclick = () => pickUp(true);
element("accept-audio").onclick = () => pickUp(false);
element("decline").onclick = () => ringing?.hangup();
// Escape must not leave a call that rings without a way to answer it.
incomingDialog.oncancel = (event) => event.preventDefault();
document.addEventListener("pointerdown", () => ringer.unlock(), { once: true });
window.addEventListener("pagehide", () => client?.close({ hangUp: true }));
// The browser's "back" may bring the page back as it was, without its connection.
window.addEventListener("pageshow", ({ persisted }) => persisted && client?.connect().catch(() => {}));

const name = rememberedName();
if (name) {
    signIn(name);
} else {
    show("sign-in");
    focusInput("name-input");
}
