/** The client's end of a socket; the test is the server. */
export class FakeWebSocket {
    /** @type {FakeWebSocket[]} all that were made, oldest first */
    static made = [];

    readyState = 0;
    sent = [];
    closedWith = null;

    constructor(url, protocols) {
        this.url = url;
        this.protocols = protocols;
        FakeWebSocket.made.push(this);
    }

    static get last() {
        return FakeWebSocket.made.at(-1);
    }

    send(text) {
        this.sent.push(JSON.parse(text));
    }

    close(code, reason) {
        this.readyState = 3;
        this.closedWith = { code, reason };
    }

    // The server's side.

    open() {
        this.readyState = 1;
        this.onopen?.();
    }

    receive(frame) {
        this.onmessage?.({ data: JSON.stringify(frame) });
    }

    receiveText(data) {
        this.onmessage?.({ data });
    }

    drop(code = 1006) {
        this.readyState = 3;
        this.onclose?.({ code });
    }

    /** The sends, as pairs of number and kind of message. */
    get sends() {
        return this.sent.filter(({ send }) => send).map(({ send }) => [send.number, Object.keys(send.message)[0]]);
    }
}
