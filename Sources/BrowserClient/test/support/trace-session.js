import { MessageTooLargeError, OutboxFullError } from "../../sdk/session/errors.js";
import { SessionMachine } from "../../sdk/session/session-machine.js";

/** What chance always says, so that waits are the same in both SDKs. */
const CHANCE = 0.5;

/** A session machine with the smallest driver that makes it a client: virtual time, a storage, a wire that is a list. */
export class TraceSession {
    /** @type {{ at: number, output: object }[]} in order */
    #outputs = [];

    #machine;
    #settings;
    #now = 0;
    #timers = new Map();
    #storage = { connection: 0, conversations: new Map() };

    constructor({ maximumWaiting } = {}) {
        this.#settings = maximumWaiting === undefined ? {} : { maxWaitingMessages: maximumWaiting };
        this.#restart();
    }

    /** Traces name conversations $A and $B. */
    static spellOut(text) {
        return text.replaceAll(/\$([A-F])/g, (_, letter) => `00000000-0000-4000-8000-00000000000${letter.toLowerCase()}`);
    }

    get outputs() {
        return TraceSession.ordered(this.#outputs);
    }

    /** Between conversations there is no order: frames that leave one behind the other stand in that of their ids. */
    static ordered(outputs) {
        const conversation = ({ output: { frame } }) => (frame?.send ?? frame?.ack)?.conversation;
        const ordered = [...outputs];
        for (let end = 1; end < ordered.length; end += 1) {
            for (let place = end; place > 0; place -= 1) {
                const [left, right] = [ordered[place - 1], ordered[place]];
                if (left.at !== right.at || !(conversation(left) > conversation(right))) break;
                [ordered[place - 1], ordered[place]] = [right, left];
            }
        }
        return ordered;
    }

    /** Lets time pass, then does something; null: nothing. */
    step(at, input) {
        for (;;) {
            const [due] = [...this.#timers].filter(([, time]) => time <= at).sort((left, right) => left[1] - right[1]);
            if (!due) break;
            this.#timers.delete(due[0]);
            this.#now = due[1];
            this.#perform(this.#machine.timerFired(due[0]));
        }
        this.#now = at;
        if (input !== undefined) this.#perform(this.#do(input));
        // What is due at once belongs to this step.
        if ([...this.#timers.values()].some((time) => time <= at)) this.step(at);
    }

    #do(input) {
        const [kind, value] = typeof input === "string" ? [input] : Object.entries(input)[0];
        switch (kind) {
            case "start": return this.#machine.startRequested();
            case "stop": return this.#machine.stopRequested();
            case "restart": return this.#restart();
            case "network": return this.#machine.surroundingsChanged();
            case "iceServers": return this.#machine.iceServersRequested();
            case "token": return this.#machine.tokenRefreshed(value);
            case "opened": return this.#machine.socketOpened(value);
            case "failed": return this.#machine.socketClosed();
            case "closed": return this.#machine.socketClosed(value);
            case "frame": return this.#machine.frameReceived(value);
            case "send": return this.#send(value);
            default: throw new Error(`There is no input ${kind}.`);
        }
    }

    #restart() {
        this.#timers.clear();
        const conversations = [...this.#storage.conversations].map(([id, { nextNumber, sends }]) =>
            ({ id, nextNumber, sends: [...sends.values()] }));
        this.#machine = new SessionMachine({
            device: "phone", outbox: "box", connection: this.#storage.connection, conversations,
            settings: this.#settings,
        });
        return [];
    }

    #send({ conversation, message }) {
        try {
            const { number, actions } = this.#machine.sendRequested(conversation, message, { requestedAt: this.#now });
            return [...actions, ...this.#machine.sendStored(conversation, number)];
        } catch (error) {
            const names = new Map([[OutboxFullError, "outbox_full"], [MessageTooLargeError, "message_too_large"]]);
            assertKnown(names.get(error.constructor), error);
            return [{ type: "notTaken", name: names.get(error.constructor) }];
        }
    }

    #perform(actions) {
        for (const action of actions) {
            const output = this.#performOne(action);
            if (output) this.#outputs.push({ at: this.#now, output });
        }
    }

    #performOne(action) {
        const { conversation, number } = action;
        switch (action.type) {
            case "openSocket":
                this.#storage.connection = action.connection;
                return { open: action.connection };
            case "closeSocket": return { close: true };
            case "transmit": return { frame: this.#frame(action) };
            case "setTimer":
                return void this.#timers.set(action.timer, this.#now + action.ms * (action.jitter ? CHANCE : 1));
            case "clearTimer": return void this.#timers.delete(action.timer);
            case "store": {
                const stored = this.#stored(conversation);
                stored.sends.set(action.entry.number, action.entry);
                return void (stored.nextNumber = action.nextNumber);
            }
            case "removeStored": {
                const { sends } = this.#stored(conversation);
                return void [...sends.keys()].filter((key) => key <= action.through).forEach((key) => sends.delete(key));
            }
            case "forget": return void this.#storage.conversations.delete(conversation);
            case "welcomed": return { welcomed: action.welcome.node };
            case "synchronised": return { synchronized: action.missing };
            case "accepted": return { accepted: { conversation, number } };
            case "refused": return { refused: { conversation, number, name: action.name } };
            case "conversationUnknown": return { dropped: conversation };
            case "deliver": return this.#delivered(action.deliver);
            case "snapshot": return this.#snapshot(action.snapshot);
            case "iceServers": return { iceServers: action.iceServers.flatMap(({ urls }) => urls) };
            case "connectionError": return { error: action.name };
            case "notTaken": return { notTaken: action.name };
            case "phaseChanged": return { waiting: { lost: true }, stopped: { stopped: true } }[action.phase];
            default: return undefined;
        }
    }

    #stored(conversation) {
        const stored = this.#storage.conversations.get(conversation) ?? { nextNumber: 1, sends: new Map() };
        this.#storage.conversations.set(conversation, stored);
        return stored;
    }

    /** The application's part: the end of a call is the end of its conversation. */
    #delivered({ conversation, number, message }) {
        const over = message.ended || (message.elsewhere && !message.elsewhere.active);
        this.#outputs.push({ at: this.#now, output: { delivered: { conversation, number } } });
        if (over) this.#perform(this.#machine.conversationEnded(conversation));
    }

    #snapshot({ conversation, state }) {
        this.#outputs.push({ at: this.#now, output: { snapshot: { conversation, state } } });
        if (state === "ended") this.#perform(this.#machine.conversationEnded(conversation));
    }

    /** As on the wire, where fields at their default are absent, and invites tell their age. */
    #frame({ frame, requestedAt }) {
        const plain = JSON.parse(JSON.stringify(frame, (_, value) => (value === 0 || value === "" ? undefined : value)));
        plain.hello?.conversations?.sort((left, right) => (left.conversation < right.conversation ? -1 : 1));
        const age = this.#now - requestedAt;
        if (plain.send?.message.invite && age > 0) plain.send.message.invite.ageMs = age;
        return plain;
    }
}

function assertKnown(name, error) {
    if (!name) throw error;
}
