import { join } from "node:path";
import { type Clock, systemClock } from "../../../src/time/clock.ts";
import { type RunningGateway, startGateway } from "../../../src/server/start.ts";
import type { Stopped } from "../../../src/server/stop.ts";
import { Logger } from "../../../src/telemetry/logger.ts";
import { startMock } from "../../../mock/server.ts";
import type { Stage } from "../../support/stage.ts";
import { configFrom } from "../runtime/world.ts";
import { collectingWriter } from "../telemetry/collecting-writer.ts";

export interface Running extends Pick<RunningGateway, "url" | "adminUrl"> {
  readonly stop: (hurry?: AbortSignal) => Promise<Stopped>;
  readonly port: number;
  /** Path of the access log. */
  readonly database: string;
  /** All that the log says so far. */
  readonly log: () => string;
  /** Another configuration; `routes` and whatever else a test puts there. */
  readonly reloadWith: (config: string, settings?: StartSettings) => Promise<void>;
}

/** Starts a mock backend; answers its URL. */
export function mockBackend(stage: Stage, name = "mock"): string {
  const mock = startMock({ port: 0, host: "127.0.0.1", name, latency: 0, failRate: 0 });
  stage.defer(() => mock.stop());
  return mock.url;
}

/** The sections that every test needs, before those that it adds. `server` takes more settings. */
function wholeConfig(folder: string, config: string, settings: StartSettings): string {
  const { server = "", host = "127.0.0.1", port = 0, logging = "level: debug" } = settings;
  const { database = join(folder, "gateway.db") } = settings;
  return `
server: { host: "${host}", port: ${port}${server} }
logging: { database: "${database}", ${logging} }
${config}
`;
}

/** For backends that a test plays itself, without health checks. */
export const UNCHECKED = "health_check: { enabled: false }\n";

export interface StartSettings {
  /** More settings of the server, in YAML's flow style: ", read_timeout: 1s". */
  readonly server?: string;
  /** The log's settings besides its database; "level: debug" by default. */
  readonly logging?: string;
  readonly database?: string;
  readonly host?: string;
  readonly port?: number;
  readonly clock?: Clock;
}

/** Starts a gateway in this process, on free ports, and stops it at the end of the test. */
export function start(stage: Stage, config: string, settings: StartSettings = {}): Running {
  const { clock = systemClock } = settings;
  const folder = stage.folder();
  const { writer, written } = collectingWriter();
  const logger = new Logger({ level: "debug", format: "text", color: false }, writer, systemClock);
  const gateway = startGateway({
    config: configFrom(wholeConfig(folder, config, settings)),
    version: "1.2.3",
    logger,
    clock,
    random: () => 0.5,
  });
  stage.defer(() => gateway.stop());
  return {
    get url() {
      return gateway.url;
    },
    get adminUrl() {
      return gateway.adminUrl;
    },
    stop: (hurry) => gateway.stop(hurry),
    database: join(folder, "gateway.db"),
    port: Number(new URL(gateway.url).port),
    log: written,
    reloadWith: (next, changed = settings) =>
      gateway.reload(configFrom(wholeConfig(folder, next, changed))),
  };
}
