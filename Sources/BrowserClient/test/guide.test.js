import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as sdk from "../sdk/index.js";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const guide = read("../../../docs/BROWSER-SDK.md");
const blocks = [...guide.matchAll(/```js\n(.*?)```/gs)].map(([, block]) => block);
/** Names of a type's members, as the types declare them. */
const types = ["call", "events", "media", "push"].map((name) => read(`../sdk/types/${name}.d.ts`)).join("\n")
    + read("../sdk/index.d.ts");

test("the first call fits into 20 lines and some", () => {
    assert.ok(blocks[0].trim().split("\n").filter((line) => line !== "").length <= 20);
});

test("every example is JavaScript", () => {
    const folder = mkdtempSync(join(tmpdir(), "guide-"));
    try {
        for (const [index, block] of blocks.entries()) {
            const file = join(folder, `example${index}.mjs`);
            writeFileSync(file, block);
            execFileSync(process.execPath, ["--check", file]);
        }
    } finally {
        rmSync(folder, { recursive: true });
    }
});

test("what the guide names is there", () => {
    const members = (type) => Object.getOwnPropertyNames(type.prototype);
    for (const [owner, type] of [["client", sdk.SwitchboardClient], ["call", sdk.Call], ["push", sdk.PushEndpoints]]) {
        const known = new Set([...members(type), "addEventListener"]);
        for (const [name] of guide.matchAll(new RegExp(`(?<=\\b${owner}\\.)[a-z]\\w+(?![\\w-])`, "g"))) {
            assert.ok(known.has(name), `${owner}.${name}`);
        }
    }
    for (const [, names] of guide.matchAll(/import \{ (.*?) \} from "\/sdk\/index.js"/g)) {
        for (const name of names.split(", ")) assert.ok(name in sdk, name);
    }
    for (const [, event] of guide.matchAll(/(?:client|call)\.addEventListener\("(\w+)"/g)) {
        assert.match(types, new RegExp(`^    ${event}: `, "m"), event);
    }
});

test("all that the SDK exports is declared, and what the classes declare is there", () => {
    const declared = types + read("../sdk/types/storage.d.ts");
    for (const name of Object.keys(sdk)) {
        assert.match(declared, new RegExp(`export (class|const|function) ${name}\\b`), name);
    }
    for (const [name, type] of [["SwitchboardClient", sdk.SwitchboardClient], ["Call", sdk.Call]]) {
        const [, body] = new RegExp(`class ${name} extends \\w+ \\{\\n(.*?)\\n\\}`, "s").exec(declared);
        for (const [, member] of body.matchAll(/^    (?:readonly )?(\w+)(?:\(|: )/gm)) {
            assert.ok(member === "private" || member === "constructor" || member in type.prototype, `${name}.${member}`);
        }
    }
});
