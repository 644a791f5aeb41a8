/**
 * Somebody who holds the wire: a WebSocket for the caller's page that answers the caller with a peer connection of its
 * own, offers another one to the callee, and does both security exchanges, each with its own part in it. Everything is
 * replaced message by message, so that the numbers stay as they are.
 *
 * Run in the page before the harness; leaves `testEnvironment` behind.
 */
class Middle {
    #toCaller = new RTCPeerConnection();
    #toCallee = new RTCPeerConnection();
    #asCallee = null;
    #asCaller = null;
    #saidToCaller = [];
    #saidToCallee = [];
    #candidates = new Map();
    #offer = null;

    async #exchange(call, role, said) {
        const { SecurityExchange } = await import("/sdk/security/exchange.js");
        const send = ({ security }) => said.push(security);
        const made = new SecurityExchange({ call, role, hooks: { send, changed() {}, problem() {} } });
        made.switchedTo(1);
        made.selected();
        return made;
    }

    /** From the caller: what goes on in its place. */
    async fromCaller(call, message) {
        const { description } = message;
        if (description?.type === "offer" && !this.#offer) return this.#offerReceived(call, description);
        if (message.candidates) return this.#candidatesPassed(this.#toCaller, this.#toCallee, message.candidates);
        if (message.security) return this.#securityPassed(this.#asCallee, this.#saidToCallee, message.security);
        return message;
    }

    /** To the caller. */
    async fromCallee(message) {
        if (message.description?.type === "answer") return this.#answerReceived(message.description);
        if (message.candidates) return this.#candidatesPassed(this.#toCallee, this.#toCaller, message.candidates);
        if (message.security) return this.#securityPassed(this.#asCaller, this.#saidToCaller, message.security);
        return message;
    }

    async #offerReceived(call, offer) {
        this.#offer = offer;
        this.#asCallee = await this.#exchange(call, "callee", this.#saidToCaller);
        this.#asCaller = await this.#exchange(call, "caller", this.#saidToCallee);
        for (const kind of ["audio", "video"]) this.#toCallee.addTransceiver(kind, { direction: "sendrecv" });
        const own = await this.#toCallee.createOffer();
        await this.#describe(this.#toCallee, own);
        this.#asCaller.localDescribed(1, own.sdp);
        return { description: { ...offer, sdp: own.sdp } };
    }

    async #answerReceived(answer) {
        await this.#toCallee.setRemoteDescription(answer);
        this.#asCaller.remoteDescribed(1, answer.sdp);
        await this.#toCaller.setRemoteDescription(this.#offer);
        this.#asCallee.remoteDescribed(1, this.#offer.sdp);
        for (const transceiver of this.#toCaller.getTransceivers()) transceiver.direction = "sendrecv";
        const own = await this.#toCaller.createAnswer();
        await this.#describe(this.#toCaller, own);
        this.#asCallee.localDescribed(1, own.sdp);
        return { description: { ...answer, sdp: own.sdp } };
    }

    /** Applies it, and waits for all candidates. */
    async #describe(connection, description) {
        const found = [];
        const complete = new Promise((resolve) => {
            connection.onicecandidate = ({ candidate }) => (candidate ? found.push(candidate.toJSON()) : resolve());
        });
        await connection.setLocalDescription(description);
        await complete;
        this.#candidates.set(connection, found);
    }

    /** The first message with candidates carries all of ours, the others none. */
    async #candidatesPassed(from, to, { candidates, ...rest }) {
        const add = async () => {
            for (const each of candidates.filter(({ candidate }) => candidate)) {
                await from.addIceCandidate({ sdpMLineIndex: 0, ...each });
            }
        };
        // The caller's come before there is an answer to it.
        if (from.remoteDescription) await add();
        else from.onsignalingstatechange = () => from.signalingState === "stable" && add();
        const ours = this.#candidates.get(to) ?? [];
        this.#candidates.set(to, []);
        return { candidates: { ...rest, candidates: [...ours, {}] } };
    }

    async #securityPassed(exchange, said, security) {
        exchange.messageReceived(security);
        while (!said.some(({ step }) => step === security.step)) await new Promise((resolve) => setTimeout(resolve, 5));
        return { security: said.find(({ step }) => step === security.step) };
    }
}

const middle = new Middle();

window.testEnvironment = {
    WebSocket: class {
        #socket;
        #outgoing = Promise.resolve();
        #incoming = Promise.resolve();

        constructor(url, protocols) {
            this.#socket = new WebSocket(url, protocols);
            this.#socket.onopen = () => this.onopen?.();
            this.#socket.onclose = (event) => this.onclose?.(event);
            this.#socket.onmessage = ({ data }) => {
                this.#incoming = this.#incoming.then(async () => {
                    const frame = JSON.parse(data);
                    const { message } = frame.deliver ?? {};
                    if (message) frame.deliver.message = await middle.fromCallee(message);
                    this.onmessage?.({ data: JSON.stringify(frame) });
                });
            };
        }

        get readyState() {
            return this.#socket.readyState;
        }

        send(data) {
            this.#outgoing = this.#outgoing.then(async () => {
                const frame = JSON.parse(data);
                const { conversation, message } = frame.send ?? {};
                if (message) frame.send.message = await middle.fromCaller(conversation, message);
                this.#socket.send(JSON.stringify(frame));
            });
        }

        close(code, reason) {
            this.#socket.close(code, reason);
        }
    },
};
