/** Of the format; records of another one are not restored. */
const VERSION = 1;

/**
 * What survives a reload of the page of one call: who, what the user has decided, and how far it got.
 *
 * @typedef {object} CallRecord
 * @property {number} version
 * @property {string} id
 * @property {"caller" | "callee"} role
 * @property {string} peer
 * @property {{ audio: boolean, video: boolean }} media - what the caller asked for
 * @property {{ audio: boolean, video: boolean }} chosen - what this device's user sends
 * @property {{ audio: boolean, video: boolean }} muted
 * @property {boolean} pickedUp
 * @property {boolean} selected
 * @property {number} session - the highest that was used
 * @property {boolean} answered - while it rang, by a peer connection that is gone with its page
 * @property {boolean} returning - it is the other's call in place of our own (glare), and not selected yet
 * @property {boolean} mayCallAgain - it has not been called again after a glare yet
 * @property {number} startedAt - milliseconds since 1970
 * @property {number | null} activeSince
 */

/**
 * @param {Omit<CallRecord, "version">} call
 * @returns {CallRecord}
 */
export function callRecord(call) {
    return { version: VERSION, ...call };
}

/**
 * Those of the records found in storage that this version understands.
 * @param {object[]} records
 * @returns {CallRecord[]}
 */
export function readableRecords(records) {
    return records.filter((record) => {
        const { version, id, role, peer } = record ?? {};
        const isCall = typeof id === "string" && typeof peer === "string" && (role === "caller" || role === "callee");
        return version === VERSION && isCall;
    });
}
