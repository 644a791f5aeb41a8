import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { commitment, fromBase64url, NONCE_BYTES, securityCode, toBase64url } from "../sdk/security/code.js";
import { securityEmoji } from "../sdk/security/emoji.js";
import { fingerprintOf } from "../sdk/security/fingerprint.js";
import "./support/web-crypto.js";

const shared = (name) => JSON.parse(readFileSync(new URL(`../../../Tests/Traces/${name}.json`, import.meta.url)));
const line = (digits) => `a=fingerprint:sha-256 ${digits}\r\n`;
const some = Array.from({ length: 32 }, (_, index) => index.toString(16).padStart(2, "0")).join(":");
const other = some.replace("1f", "ff");

test("the list is the one that all clients share", () => {
    assert.deepEqual(securityEmoji, shared("security-emoji"));
});

test("256 pictures, each of one code point, and no two have the same picture or name", () => {
    assert.equal(securityEmoji.length, 256);
    for (const { emoji } of securityEmoji) assert.match(emoji, /^\p{Emoji_Presentation}$/u);
    assert.equal(new Set(securityEmoji.map(({ emoji }) => emoji)).size, 256);
    assert.equal(new Set(securityEmoji.map(({ name }) => name)).size, 256);
});

for (const vector of shared("security-code").vectors) {
    test(`vector: ${vector.name}`, async () => {
        const fingerprintA = fingerprintOf(line(vector.fingerprintA));
        const fingerprintB = fingerprintOf(line(vector.fingerprintB));
        const nonceA = fromBase64url(vector.nonceA, NONCE_BYTES);
        const nonceB = fromBase64url(vector.nonceB, NONCE_BYTES);
        assert.equal(toBase64url(await commitment(nonceA, fingerprintA)), vector.commitment);
        const code = await securityCode({ call: vector.call, fingerprintA, fingerprintB, nonceA, nonceB });
        assert.deepEqual(code.map(({ emoji }) => emoji), vector.code);
        const upper = { call: vector.call.toUpperCase(), fingerprintA, fingerprintB, nonceA, nonceB };
        assert.deepEqual(await securityCode(upper), code, "call ids are compared as numbers");
    });
}

test("base64url: any length but the expected one is nothing", () => {
    const nonce = Uint8Array.from({ length: NONCE_BYTES }, (_, index) => 255 - index);
    assert.deepEqual(fromBase64url(toBase64url(nonce), NONCE_BYTES), nonce);
    assert.equal(fromBase64url(toBase64url(nonce), 32), null);
    assert.equal(fromBase64url("§", NONCE_BYTES), null);
});

test("a description's fingerprint: at the session, or the same at every medium", () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, index) => index);
    assert.deepEqual(fingerprintOf(`v=0\r\n${line(some)}m=audio\r\n`), bytes);
    assert.deepEqual(fingerprintOf(`m=audio\r\n${line(some)}m=video\r\n${line(some.toUpperCase())}`), bytes);
});

test("no fingerprint, another hash beside it, or two that differ: none to rely on", () => {
    assert.equal(fingerprintOf(undefined), null);
    assert.equal(fingerprintOf("v=0\r\n"), null);
    assert.equal(fingerprintOf(line(some) + line(other)), null);
    assert.equal(fingerprintOf(`${line(some)}a=fingerprint:sha-1 00:11\r\n`), null);
});
