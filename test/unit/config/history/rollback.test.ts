import { afterEach, expect, test } from "bun:test";
import {
  chmodSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { writeEarlier } from "../../../../src/config/history/rollback.ts";
import { loadWithSource } from "../../../../src/config/history/source.ts";
import type { Loaded } from "../../../../src/config/load.ts";
import { createStage } from "../../../support/stage.ts";

const stage = createStage(afterEach);
const textWith = (path: string) => `routes: [{ path: ${path}, respond: 204 }]\n`;

function withFile(check?: (file: string) => Promise<Loaded>) {
  const folder = stage.folder();
  const file = join(folder, "gateway.yaml");
  writeFileSync(file, textWith("/now"));
  const read = (name: string) =>
    Promise.resolve(loadWithSource(name, readFileSync(name, "utf8"), {}));
  const back = (stored: string, name = file) =>
    writeEarlier(name, stored, { check: check ?? read, now: Date.UTC(2026, 0, 1) });
  const refusal = (stored: string, name = file) =>
    back(stored, name).then(
      () => "",
      (error: Error) => error.message,
    );
  return { folder, file, back, refusal, content: () => readFileSync(file, "utf8") };
}

test("an earlier configuration is written with the file's permissions, by way of its link", async () => {
  const { folder, file, back, content } = withFile();
  chmodSync(file, 0o640);
  const link = join(folder, "link.yaml");
  symlinkSync(file, link);

  const backup = await back(textWith("/then"), link);
  expect(backup).toBe(`${file}.before-20260101T000000Z`);
  expect([content(), readFileSync(backup ?? "", "utf8")]).toEqual([
    textWith("/then"),
    textWith("/now"),
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect(readdirSync(folder)).toHaveLength(3);
  expect(await back(textWith("/then"))).toBeUndefined();
});

test("one that is not valid any more, or has lost its secrets, changes nothing", async () => {
  const { folder, refusal, content } = withFile();
  expect(await refusal("routes: 7\n")).toStartWith(
    "that configuration is not valid here any more: line 1: ",
  );
  expect(await refusal(`admin: { token: <secret> }\n${textWith("/then")}`)).toContain(
    "does not have those of line 1 (admin.token)",
  );
  expect([content(), readdirSync(folder)]).toEqual([textWith("/now"), ["gateway.yaml"]]);
});

test("a file that is none, or is edited meanwhile, is left alone", async () => {
  const { file, refusal, content } = withFile((candidate) => {
    writeFileSync(file, textWith("/edited"));
    return Promise.resolve(loadWithSource(candidate, readFileSync(candidate, "utf8"), {}));
  });
  expect(await refusal(textWith("/then"))).toContain("has been changed meanwhile");
  expect(content()).toBe(textWith("/edited"));
  expect(await refusal("", "/dev/null")).toContain("is no file that can be written");
  expect(await refusal("", "/nowhere/gateway.yaml")).toContain("cannot read /nowhere/gateway.yaml");
});

test("what fails in between is said, and leaves nothing behind", async () => {
  const { folder, refusal } = withFile(() => Promise.reject(new Error("no room")));
  expect(await refusal(textWith("/then"))).toContain("no room");
  expect(readdirSync(folder)).toEqual(["gateway.yaml"]);
});

test("two in the same second keep both texts that were there before", async () => {
  const { folder, file, back } = withFile();
  const one = await back(textWith("/one"));
  const two = await back(textWith("/two"));
  expect([one, two]).toEqual([
    `${file}.before-20260101T000000Z`,
    `${file}.before-20260101T000000Z-2`,
  ]);
  expect([one, two].map((copy) => readFileSync(copy ?? "", "utf8"))).toEqual([
    textWith("/now"),
    textWith("/one"),
  ]);
  expect(readdirSync(folder)).toHaveLength(3);
});

test("two at once do not remove what the other one writes", async () => {
  const { folder, back, content } = withFile();
  const outcomes = await Promise.allSettled([back(textWith("/one")), back(textWith("/two"))]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(content()).toBe(textWith("/one"));
  expect(readdirSync(folder)).toHaveLength(2);
});
