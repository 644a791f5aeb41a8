import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const usage = fileURLToPath(new URL("./types/usage.ts", import.meta.url));
const options = "--strict --noEmit --target ES2022 --module ES2022 --moduleResolution node --lib ES2022,DOM,DOM.Iterable";
/** TypeScript is for this test only (Debian's node-typescript); the SDK needs none. */
const isInstalled = spawnSync("tsc", ["--version"]).status === 0;

test("the public types compile in strict mode, and catch what is wrong", { skip: !isInstalled && "no tsc" }, () => {
    const { status, stdout } = spawnSync("tsc", [...options.split(" "), usage], { encoding: "utf8" });
    assert.equal(status, 0, stdout);
});
