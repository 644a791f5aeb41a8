import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { TraceSession } from "./support/trace-session.js";

/** Golden traces that the Swift SDK keeps, too; Tests/Traces/session/README.md says how to read them. */
const folder = new URL("../../../Tests/Traces/session/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".json")).sort();

test("there are traces", () => assert.ok(names.length > 20));

for (const name of names) {
    test(`trace ${name}`, () => {
        const { settings, steps } = JSON.parse(TraceSession.spellOut(readFileSync(new URL(name, folder), "utf8")));
        const session = new TraceSession(settings);
        for (const { at, do: input } of steps) session.step(at, input);
        const expected = steps.flatMap(({ at, expect }) => expect.map((output) => ({ at, output })));
        assert.deepEqual(session.outputs, TraceSession.ordered(expected));
    });
}
