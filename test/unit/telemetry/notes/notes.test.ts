import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { Store } from "../../../../src/telemetry/access-log/store.ts";
import type { AuditNote, ConfigurationNote } from "../../../../src/telemetry/notes/note.ts";
import { LogFile, queriesOf } from "../../../../src/telemetry/query/log-file.ts";
import { record, temporaryDirectory, UNLIMITED } from "../access-log/support.ts";

const at = temporaryDirectory();
const NOW = Date.UTC(2026, 0, 10);
const DAY = 86_400_000;

const audit = (changes: Partial<AuditNote> = {}): AuditNote => ({
  kind: "audit",
  at: NOW,
  action: "reload",
  by: "token",
  peer: "127.0.0.1",
  details: "{}",
  outcome: "done",
  ...changes,
});
const configuration = (changes: Partial<ConfigurationNote> = {}): ConfigurationNote => ({
  kind: "configuration",
  at: NOW,
  id: "aaaaaaaaaaaa",
  cause: "SIGHUP",
  by: "signal",
  file: "gateway.yaml",
  text: "a: 1\n",
  ...changes,
});

function asked(path: string) {
  const file = new LogFile(path);
  return { queries: queriesOf(file), close: () => file.close() };
}

test("what operators changed is answered by pages, the newest first", async () => {
  const path = at("gateway.db");
  const store = Store.open(path, UNLIMITED);
  store.note([audit({ action: "first" }), audit({ action: "second" }), audit({ action: "third" })]);
  const { queries, close } = asked(path);
  const page = await queries.audit({ limit: 2 });
  expect(page.entries.map(({ action }) => action)).toEqual(["third", "second"]);
  const rest = await queries.audit({ limit: 2, before: page.next ?? 0 });
  expect(rest).toMatchObject({ entries: [{ action: "first", by: "token" }], next: null });
  close();
  store.close();
});

test("each configuration is answered with what replaced it, by number and by id", async () => {
  const path = at("gateway.db");
  const store = Store.open(path, UNLIMITED);
  store.note([
    configuration({ cause: "start" }),
    configuration({ at: NOW + 1_000, id: "bbbbbbbbbbbb", text: "a: 2\nb: 1\n" }),
  ]);
  // A restart of the same one.
  store.note([configuration({ cause: "start", at: NOW + 2_000, id: "bbbbbbbbbbbb" })]);
  const { queries, close } = asked(path);
  expect(await queries.configurations({ limit: 9 })).toMatchObject([
    { number: 2, in_force_to: null, changes: { added: 2, removed: 1 } },
    { number: 1, in_force_to: new Date(NOW + 1_000).toISOString(), changes: null },
  ]);
  expect(await queries.configuration({ name: "2" })).toMatchObject({
    text: "a: 2\nb: 1\n",
    before: "a: 1\n",
  });
  expect(await queries.configuration({ name: "aaaa" })).toMatchObject({ number: 1, before: null });
  expect(await queries.configuration({ name: "7" })).toBeNull();
  expect(await queries.configuration({ name: "'; --" })).toBeNull();
  close();
  store.close();
});

test("both are kept as long as rollups are, and the configuration in force for longer", async () => {
  const path = at("gateway.db");
  const store = Store.open(path, { maxAge: 0, maxRollupAge: 2 * DAY, maxSize: 0 });
  store.note([
    audit({ at: NOW - 3 * DAY, action: "old" }),
    audit({ action: "new" }),
    configuration({ at: NOW - 9 * DAY }),
    configuration({ at: NOW - 8 * DAY, id: "bbbbbbbbbbbb" }),
    configuration({ at: NOW - 1 * DAY, id: "cccccccccccc" }),
  ]);
  await store.retention(NOW);
  store.close();
  const db = new Database(path, { readonly: true });
  expect(db.query("SELECT action FROM audit").values()).toEqual([["new"]]);
  // The first one here was in force until a day ago.
  expect(db.query("SELECT id FROM configurations").values()).toEqual([
    ["bbbbbbbbbbbb"],
    ["cccccccccccc"],
  ]);
  expect(db.query("SELECT count(*) FROM configuration_texts").values()).toEqual([[2]]);
  db.close();
});

test("texts that are too many together go, the oldest first, but for the last", async () => {
  const path = at("gateway.db");
  const store = Store.open(path, UNLIMITED);
  for (const id of ["a", "b", "c"]) {
    store.note([configuration({ id: id.repeat(12), text: id.repeat(15 * 2 ** 20) })]);
  }
  await store.retention(NOW);
  const { queries, close } = asked(path);
  expect((await queries.configurations({ limit: 9 })).map(({ number }) => number)).toEqual([3, 2]);
  close();
  store.close();
});

test("who was refused is told by reason, the most requests first", async () => {
  const path = at("gateway.db");
  const store = Store.open(path, UNLIMITED);
  const refused = { timestamp: NOW, refusedBy: "rate_limit", errorCode: "rate_limited" } as const;
  store.append([
    record({ timestamp: NOW }),
    record({ ...refused, timestamp: NOW - DAY }),
    record({ ...refused, refusedBy: "auth", errorCode: "unauthorized", clientIp: "10.0.0.2" }),
    record({ ...refused, timestamp: NOW + 5, clientIp: "10.0.0.1" }),
    record({ ...refused, timestamp: NOW + 9, clientIp: "10.0.0.1" }),
  ]);
  const { queries, close } = asked(path);
  expect(await queries.refusals({ since: NOW })).toMatchObject([
    {
      refused_by: "rate_limit",
      error_code: "rate_limited",
      client: "10.0.0.1",
      requests: 2,
      last_at: new Date(NOW + 9).toISOString(),
    },
    { refused_by: "auth", client: "10.0.0.2", requests: 1 },
  ]);
  close();
  store.close();
});

test("a file of an older gateway has neither", async () => {
  const path = at("old.db");
  const store = Store.open(path, UNLIMITED);
  store.close();
  const db = new Database(path);
  for (const name of ["audit", "configurations", "configuration_texts"])
    db.run(`DROP TABLE ${name}`);
  db.close();
  const { queries, close } = asked(path);
  expect(await queries.audit({ limit: 5 })).toEqual({ entries: [], next: null });
  expect(await queries.configurations({ limit: 5 })).toEqual([]);
  expect(await queries.configuration({ name: "1" })).toBeNull();
  close();
});
