import { useState } from "preact/hooks";
import { post } from "../data/api.ts";
import { entered } from "../data/form.ts";
import { counted, dayText, exactTimeText, MINUTE } from "../data/format.ts";
import type { AuditPage, Certificates, Reloaded } from "../data/types.ts";
import { useData } from "../data/use-data.ts";
import { type Column, Table } from "../parts/table.tsx";
import { Badge, Empty, Loading, Panel, Problem, State } from "../parts/words.tsx";
import { confirmed } from "../shell/dialog.tsx";
import { doAndSay } from "../shell/toast.tsx";

export function OperationsView() {
  const [done, setDone] = useState(0);
  const did = () => setDone((count) => count + 1);
  return (
    <div class="view">
      <div class="actions-grid">
        <Reload onDone={did} />
        <LogLevel onDone={did} />
        <Purge onDone={did} />
      </div>
      <CertificatePanel />
      <Audit done={done} />
    </div>
  );
}

interface ActionProps {
  readonly onDone: () => void;
}

function Reload({ onDone }: ActionProps) {
  const reload = async () => {
    await doAndSay(async () => (await post<Reloaded>("reload")).message);
    onDone();
  };
  return (
    <Panel title="Configuration">
      <div class="action">
        <p class="note">Reads the file again. An invalid one changes nothing.</p>
        <button type="button" class="button" onClick={() => void reload()}>
          Reload
        </button>
      </div>
    </Panel>
  );
}

const LEVELS = ["debug", "info", "warn", "error"] as const;
const TIMES = [
  ["10m", "for 10 min"],
  ["1h", "for an hour"],
  ["", "until a reload"],
] as const;

function LogLevel({ onDone }: ActionProps) {
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const [level, time] = [entered(form, "level"), entered(form, "for")];
    await doAndSay(async () => {
      await post("log-level", { level, ...(time !== "" && { for: time }) });
      return `The log’s level is ${level}.`;
    });
    onDone();
  };
  return (
    <Panel title="Log level">
      <form class="action" onSubmit={(event) => void submit(event)}>
        <div class="fields">
          <select name="level" aria-label="Level">
            {LEVELS.map((level) => (
              <option key={level} selected={level === "debug"}>
                {level}
              </option>
            ))}
          </select>
          <select name="for" aria-label="For how long">
            {TIMES.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </div>
        <button type="submit" class="button">
          Set
        </button>
      </form>
    </Panel>
  );
}

const KINDS = [
  ["path", "path"],
  ["prefix", "all below"],
  ["tag", "tag"],
  ["all", "everything"],
] as const;

function Purge({ onDone }: ActionProps) {
  const [kind, setKind] = useState("path");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const what = entered(event.currentTarget as HTMLFormElement, "what");
    const isMeant =
      kind !== "all" ||
      (await confirmed({
        title: "Purge every cache?",
        text: "Backends get all requests until the caches have filled again.",
        yes: "Purge",
      }));
    if (!isMeant) return;
    await doAndSay(async () => {
      const answer = await post<{ readonly removed?: number }>("cache/purge", {
        [kind]: kind === "all" ? true : what,
      });
      return answer.removed === undefined
        ? "The cache was purged."
        : `${counted(answer.removed, "answer")} removed from the cache.`;
    });
    onDone();
  };
  return (
    <Panel title="Cache">
      <form class="action" onSubmit={(event) => void submit(event)}>
        <div class="fields">
          <select
            aria-label="What to purge"
            value={kind}
            onChange={({ currentTarget }) => setKind(currentTarget.value)}
          >
            {KINDS.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
          {kind !== "all" && (
            <input
              name="what"
              required
              aria-label={kind === "tag" ? "Tag" : "Path"}
              placeholder={kind === "tag" ? "user-1" : "/api/users/"}
              pattern={kind === "tag" ? ".+" : "/.*"}
            />
          )}
        </div>
        <button type="submit" class="button">
          Purge
        </button>
      </form>
    </Panel>
  );
}

type Certificate = Certificates["certificates"][number];

function CertificatePanel() {
  const { value, problem, reload } = useData<Certificates>("certificates", MINUTE);
  return (
    <Panel title="Certificates">
      {value === undefined ? (
        problem === undefined ? (
          <Loading lines={3} />
        ) : (
          <Problem problem={problem} retry={reload} />
        )
      ) : value.certificates.length === 0 ? (
        <p class="panel-empty">
          The gateway has no certificates: <code>server.tls</code> is not configured.
        </p>
      ) : (
        <Table
          label="Certificates"
          columns={CERTIFICATES}
          rows={value.certificates}
          keyOf={({ names, not_after: end }) => `${names.join()} ${end}`}
        />
      )}
    </Panel>
  );
}

const CERTIFICATES: readonly Column<Certificate>[] = [
  {
    key: "names",
    title: "Names",
    isHeader: true,
    cell: ({ names }) => names.join(", "),
  },
  { key: "issuer", title: "Issuer", from: "tablet", cell: ({ issuer }) => issuer },
  { key: "source", title: "From", from: "tablet", cell: ({ source }) => source },
  { key: "end", title: "Ends", from: "tablet", cell: ({ not_after: end }) => dayText(end) },
  {
    key: "left",
    title: "Left",
    isNumber: true,
    cell: ({ days_left: left }) => (
      <State tone={left < 3 ? "bad" : left < 14 ? "warn" : "good"}>
        {left < 0 ? "expired" : counted(left, "day")}
      </State>
    ),
  },
];

type Entry = AuditPage["entries"][number];

function Audit({ done }: { readonly done: number }) {
  const [cursor, setCursor] = useState("");
  const path = cursor === "" ? "audit" : `audit?cursor=${encodeURIComponent(cursor)}`;
  const { value, problem, isOld, reload } = useData<AuditPage>(path, 0, done);
  return (
    <Panel title="Changes by operators" class={isOld ? "is-old" : ""}>
      {value === undefined ? (
        problem === undefined ? (
          <Loading />
        ) : (
          <Problem problem={problem} retry={reload} />
        )
      ) : value.entries.length === 0 ? (
        <Empty icon="operations" title="Nobody has changed anything yet">
          <p>Drains, weights, purges, reloads and the like are listed here.</p>
        </Empty>
      ) : (
        <Table
          label="Changes by operators, newest first"
          columns={AUDIT}
          rows={value.entries}
          keyOf={({ at, action }) => `${at} ${action}`}
          footer={
            (value.next !== null || cursor !== "") && (
              <footer class="list-foot">
                {cursor !== "" && (
                  <button type="button" class="button" onClick={() => setCursor("")}>
                    Newest
                  </button>
                )}
                {value.next !== null && (
                  <button type="button" class="button" onClick={() => setCursor(value.next ?? "")}>
                    Older
                  </button>
                )}
              </footer>
            )
          }
        />
      )}
    </Panel>
  );
}

const AUDIT: readonly Column<Entry>[] = [
  {
    key: "at",
    title: "Time",
    cell: ({ at }) => <time dateTime={at}>{exactTimeText(at).replace(/\.[0-9]+$/, "")}</time>,
  },
  {
    key: "action",
    title: "Action",
    isHeader: true,
    cell: ({ action, details }) => (
      <>
        {action}
        <span class="sub">
          {Object.entries(details)
            .map(
              ([name, value]) =>
                `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`,
            )
            .join(", ")}
        </span>
      </>
    ),
  },
  { key: "by", title: "By", from: "tablet", cell: ({ by, peer }) => `${by}, ${peer}` },
  {
    key: "outcome",
    title: "Outcome",
    cell: ({ outcome }) =>
      outcome === "done" ? <Badge tone="good">done</Badge> : <span class="bad">{outcome}</span>,
  },
];
