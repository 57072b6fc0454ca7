import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { array, assert, constantFrom, property } from "fast-check";
import { Store } from "../../../../src/telemetry/access-log/store.ts";
import { records, UNLIMITED } from "./support.ts";
import { batchOf, writerStarter } from "./writing.ts";
import { TEST_TIMEOUT_MS } from "../../../support/patience.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const start = writerStarter();
const ENDINGS = ["", "-wal", "-shm"];

/** What happens to the files of a writer; `written` are the ids of rows that it must not lose. */
class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), "access-log-property-"));
  readonly #live = join(this.folder, "live");
  readonly #path = join(this.#live, "log.db");
  readonly #running;
  #sent = 0;
  #pending: string[] = [];
  #moved = 0;
  #isAway = false;
  written: string[] = [];

  constructor() {
    mkdirSync(this.#live);
    this.#running = start(this.#path);
  }

  readonly events = {
    write: () => this.#write(),
    "write much": () => this.#write(400),
    "a second": () => this.#pass(1_000),
    remove: () => this.#lose(() => this.#each((path) => rmSync(path, { force: true }))),
    "empty the database": () => this.#lose(() => empty(this.#path)),
    "empty the -wal": () => this.#lose(() => empty(`${this.#path}-wal`)),
    "move the database": () => move(this.#path, this.#newName()),
    "move all files": () => {
      const name = this.#newName();
      for (const ending of ENDINGS) move(this.#path + ending, name + ending);
    },
    "remove the -wal and the -shm": () => {
      for (const ending of ENDINGS.slice(1)) rmSync(this.#path + ending, { force: true });
    },
    replace: () => this.#replace(),
    "move the folder": () => {
      const elsewhere = `${this.#live}-away-${(this.#moved += 1)}`;
      if (existsSync(this.#live)) renameSync(this.#live, elsewhere);
      this.#isAway = true;
    },
    "make the folder": () => this.#makeFolder(),
    checkpoint: () => this.#checkpoint(),
  };

  /** Lets everything be written that waits, and closes. */
  end(): void {
    this.#makeFolder();
    for (let seconds = 0; seconds < 5; seconds += 1) this.#pass(1_000);
    expect(this.#pending).toEqual([]);
    this.#write();
    this.#pass(1_000);
    expect(this.#pending).toEqual([]);
    this.#running.writer.receive({ kind: "close" });
  }

  /** The ids in all databases that there are. */
  found(): Set<string> {
    const files = readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/-(?:wal|shm)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name));
    return new Set(files.flatMap(idsIn));
  }

  #write(rows = 3): void {
    if (this.#pending.length > 0) return;
    const batch = records(rows).map((one) => ({ ...one, requestId: `${(this.#sent += 1)}` }));
    this.#pending = batch.map(({ requestId }) => requestId);
    this.#running.writer.receive(batchOf(batch));
    this.#notice();
  }

  #pass(milliseconds: number): void {
    this.#running.clock.advance(milliseconds);
    this.#notice();
  }

  #notice(): void {
    const { answers } = this.#running;
    expect(answers).not.toContain("refused");
    if (answers.splice(0).includes("written")) {
      this.written.push(...this.#pending);
      this.#pending = [];
    }
  }

  /** Rows written before are inevitably lost with the file. */
  #lose(event: () => void): void {
    event();
    this.written = [];
  }

  #each(act: (path: string) => void): void {
    for (const ending of ENDINGS) act(this.#path + ending);
  }

  #newName(): string {
    return join(this.folder, `moved-${(this.#moved += 1)}.db`);
  }

  #replace(): void {
    if (this.#isAway) return;
    const other = join(this.folder, "other.db");
    Store.open(other, UNLIMITED).close();
    this.#lose(() => renameSync(other, this.#path));
  }

  #makeFolder(): void {
    if (this.#isAway) mkdirSync(this.#live, { recursive: true });
    this.#isAway = false;
  }

  #checkpoint(): void {
    if (!existsSync(this.#path)) return;
    try {
      using db = new Database(this.#path, { readwrite: true, create: false });
      db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // The file may be empty or gone.
    }
  }
}

function empty(path: string): void {
  if (existsSync(path)) truncateSync(path, 0);
}

function move(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to);
}

function idsIn(path: string): string[] {
  try {
    using db = new Database(path, { readonly: true });
    return db
      .query<{ request_id: string }, []>("SELECT request_id FROM logs NOT INDEXED")
      .all()
      .map(({ request_id }) => request_id);
  } catch {
    return [];
  }
}

type Event = keyof Scene["events"];
const EVENTS: readonly Event[] = [
  "write",
  "write much",
  "a second",
  "remove",
  "empty the database",
  "empty the -wal",
  "move the database",
  "move all files",
  "remove the -wal and the -shm",
  "replace",
  "move the folder",
  "make the folder",
  "checkpoint",
];

test("whatever happens to its files, in whatever order, a writer loses no row that comes later", () => {
  assert(
    property(
      array(constantFrom(...EVENTS, "write" as const, "a second" as const), { maxLength: 25 }),
      (events) => {
        const scene = new Scene();
        try {
          for (const event of events) scene.events[event]();
          scene.end();
          const found = scene.found();
          expect(scene.written.filter((id) => !found.has(id))).toEqual([]);
        } finally {
          rmSync(scene.folder, { recursive: true, force: true });
        }
      },
    ),
    { numRuns: 60 },
  );
});
