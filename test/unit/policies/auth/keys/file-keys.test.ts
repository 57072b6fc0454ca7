import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "bun:test";
import { FileKeys } from "../../../../../src/policies/auth/keys/file-keys.ts";
import { readJwkSet } from "../../../../../src/policies/auth/keys/jwk-set.ts";
import { KeysUnavailable } from "../../../../../src/policies/auth/keys/key-set.ts";
import type { VerificationKey } from "../../../../../src/policies/auth/keys/verification-key.ts";
import { eventually } from "../../../../support/eventually.ts";
import { FakeClock } from "../../../../support/fake-clock.ts";
import { keySet, SigningKey } from "../../../../support/token-issuer.ts";

const folder = mkdtempSync(join(tmpdir(), "file-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));
const one = new SigningKey("ES256", "one");
const two = new SigningKey("ES256", "two");

let opened: FileKeys | undefined;
let files = 0;
afterEach(() => opened?.close());

function write(file: string, content: string): void {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}

function open(content: string | undefined) {
  const file = join(folder, `${(files += 1)}.json`);
  if (content !== undefined) write(file, content);
  const clock = new FakeClock();
  const lines: string[] = [];
  const keys = new FileKeys({
    files: [file],
    read: ([text = ""], known) => readJwkSet(text, known),
    clock,
    log: (level, message) => void lines.push(`${level} ${message.replaceAll(file, "FILE")}`),
  });
  opened = keys;
  return { file, clock, lines, keys };
}

function ids(keys: readonly VerificationKey[]): (string | undefined)[] {
  return keys.map(({ id }) => id);
}

test("keys are there at once, and read again when the file has changed", async () => {
  const { file, clock, keys } = open(keySet(one));
  const [first] = keys.current();
  expect(ids(keys.current())).toEqual(["one"]);
  write(file, keySet(two));
  await eventually(() => {
    clock.advance(1_000);
    return keys.current()[0]?.id === "two";
  });
  expect(first?.isRetired).toBe(true);
});

test("a token of a new key is faster than the watch, and the file is read once a second", async () => {
  const { file, clock, keys } = open(keySet(one));
  write(file, keySet(one, two));
  expect(ids(await keys.lookFor())).toEqual(["one"]);
  clock.advance(1_000);
  expect(ids(await keys.lookFor())).toEqual(["one", "two"]);
});

test("the last good keys stay in force while a file is damaged, which is said once", async () => {
  const { file, clock, lines, keys } = open(keySet(one));
  write(file, "{");
  clock.advance(1_000);
  await keys.lookFor();
  clock.advance(1_000);
  await keys.lookFor();
  expect(ids(keys.current())).toEqual(["one"]);
  rmSync(file);
  clock.advance(1_000);
  await keys.lookFor();
  expect(lines).toEqual([
    "warn the keys at FILE cannot be read: it is not JSON; the last good ones stay in force",
  ]);
  write(file, keySet(two));
  clock.advance(1_000);
  expect(ids(await keys.lookFor())).toEqual(["two"]);
  expect(lines[1]).toBe("info the keys at FILE can be read again");
});

test("without a file there are no keys, until there is one", async () => {
  const { file, clock, lines, keys } = open(undefined);
  expect(() => keys.current()).toThrow(KeysUnavailable);
  expect(lines).toEqual([
    "error the keys at FILE cannot be read: FILE does not exist; relative paths start at the working directory; until they can, requests with tokens get a 503",
  ]);
  write(file, keySet(one));
  clock.advance(1_000);
  await keys.lookFor();
  expect(ids(keys.current())).toEqual(["one"]);
});
