/**
 * An event with a value. (`CustomEvent` would do, but does not exist in every runtime that the tests run in.)
 * @template T
 */
export class DetailEvent extends Event {
    /**
     * @param {string} type
     * @param {T} detail
     */
    constructor(type, detail) {
        super(type);
        this.detail = detail;
    }
}
