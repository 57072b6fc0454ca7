import { join } from "node:path";
import { stringify } from "yaml";
import { ask } from "./ask.ts";
import { type Child, startChild } from "./child.ts";
import { eventually } from "./eventually.ts";
import { unusedPort } from "./socket-server.ts";
import type { Stage } from "./stage.ts";

/** A series of an answer. */
interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** Unix epoch seconds, and the value. */
  readonly value: readonly [at: number, value: string];
}

interface Rule {
  readonly name: string;
  readonly health: "ok" | "err" | "unknown";
  readonly state: "inactive" | "pending" | "firing";
}

interface Exemplar {
  readonly labels: Readonly<Record<"trace_id", string>>;
}

export interface PrometheusProcess extends Child {
  /** The series that answer a question in PromQL now; throws if it is not valid. */
  readonly ask: (query: string) => Promise<readonly Series[]>;
  readonly rules: () => Promise<readonly Rule[]>;
  /** Those of all series of a metric. */
  readonly exemplars: (metric: string) => Promise<readonly Exemplar[]>;
  /** How often it has scraped with success. */
  readonly scrapes: () => Promise<number>;
}

/** Starts Debian's Prometheus, which scrapes a target five times a second. */
export async function startPrometheus(
  stage: Stage,
  { target, rules }: { readonly target: string; readonly rules: string },
): Promise<PrometheusProcess> {
  const folder = stage.folder();
  const file = join(folder, "prometheus.yml");
  const every = "200ms";
  const settings = {
    global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
    rule_files: [rules],
    scrape_configs: [{ job_name: "gateway", static_configs: [{ targets: [target] }] }],
  };
  await Bun.write(file, stringify(settings));
  const address = `127.0.0.1:${await unusedPort()}`;
  const flags = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=${address}`,
    "--enable-feature=exemplar-storage",
  ];
  const child = await startChild(stage, flags, { command: ["prometheus"], cwd: folder });
  const url = `http://${address}`;
  await eventually(async () => (await ask(`${url}/-/ready`).catch(() => undefined))?.ok);
  const get = async (path: string): Promise<unknown> => {
    const { status, data, error } = (await (await ask(`${url}/api/v1/${path}`)).json()) as {
      readonly status: string;
      readonly data: unknown;
      readonly error?: string;
    };
    if (status !== "success") throw new Error(`${path}: ${error}`);
    return data;
  };
  const askQuery = async (query: string) => {
    const { result } = (await get(`query?query=${encodeURIComponent(query)}`)) as {
      readonly result: readonly Series[];
    };
    return result;
  };
  return {
    ...child,
    ask: askQuery,
    async rules() {
      const { groups } = (await get("rules")) as {
        readonly groups: readonly { readonly rules: readonly Rule[] }[];
      };
      return groups.flatMap((group) => group.rules);
    },
    async exemplars(metric) {
      const hour = 3_600_000;
      const [start, end] = [Date.now() - hour, Date.now() + hour].map((at) => at / 1000);
      const found = (await get(
        `query_exemplars?query=${metric}&start=${start}&end=${end}`,
      )) as readonly { readonly exemplars: readonly Exemplar[] }[];
      return found.flatMap(({ exemplars }) => exemplars);
    },
    async scrapes() {
      const [found] = await askQuery("sum_over_time(up[1h])");
      return Number(found?.value[1] ?? 0);
    },
  };
}
