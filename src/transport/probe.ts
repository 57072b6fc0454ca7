import { GatewayError } from "../pipeline/errors.ts";
import { Cancellation } from "../pipeline/cancellation.ts";
import type { Clock } from "../time/clock.ts";
import { Timeout } from "../time/timeout.ts";
import type { Probe, ProbeAnswer, ProbeRequest } from "../upstream/health/probe.ts";
import { Attempt, type BackendRequest } from "./attempt.ts";
import type { BackendAnswer } from "./backend-answer.ts";
import { Carriers } from "./carriers.ts";
import { NoDescriptorsError } from "./descriptors.ts";
import { CHECK_PATH, checkRequest, readGrpcHealth } from "./grpc-health.ts";
import { Names } from "./names.ts";

const USER_AGENT = ["user-agent", "gateway-health-check"];
const PAGE_FIELDS = [...USER_AGENT, "connection", "close"];
const GRPC_FIELDS = [...USER_AGENT, "content-type", "application/grpc", "te", "trailers"];

/** Probes over the network, each time on a new connection, to show that one can be opened. */
export function networkProbe(clock: Clock, names: Names = new Names(clock)): Probe {
  // The caller has a timeout of its own.
  const unlimited = new Timeout<Attempt>(clock, 0, () => {});
  const carriers = new Carriers({ clock, random: Math.random, defer: setImmediate, names });
  return async function probe(asked, signal) {
    const { to } = asked;
    const cancellation = new Cancellation();
    const end = () => cancellation.cancel(new GatewayError("client_closed", "the check was ended"));
    signal.addEventListener("abort", end, { once: true });
    const request: BackendRequest = {
      backend: to.origin,
      to,
      ...contentOf(asked),
      upgrade: undefined,
      bodySent: undefined,
      timeout: unlimited,
      cancellation,
      from: NOBODY,
    };
    const attempt = new Attempt(request, clock.monotonic());
    const carrier = carriers.to(to, () => {});
    try {
      return await read(await attempt.sendBy((sent) => carrier.carry(sent)), asked);
    } catch (error) {
      throw networkErrorIn(error);
    } finally {
      // The status is enough; the content could be endless.
      end();
      carrier.cut();
    }
  };
}

const NOBODY = { clientConnection: undefined };

function contentOf({
  path,
  grpcService,
}: ProbeRequest): Pick<BackendRequest, "method" | "target" | "fields" | "body"> {
  return grpcService === undefined
    ? { method: "GET", target: path, fields: PAGE_FIELDS, body: null }
    : {
        method: "POST",
        target: CHECK_PATH,
        fields: GRPC_FIELDS,
        body: checkRequest(grpcService),
      };
}

async function read(answer: BackendAnswer, { grpcService }: ProbeRequest): Promise<ProbeAnswer> {
  const { status, fields } = answer;
  const location = fields.get("location") ?? undefined;
  if (grpcService === undefined) return { status, location };
  return { status, location, grpc: await readGrpcHealth(answer) };
}

/** The underlying network error, if there is one. */
function networkErrorIn(error: unknown): unknown {
  if (!(error instanceof GatewayError) || error instanceof NoDescriptorsError) return error;
  const { cause } = error;
  return cause instanceof Error && "code" in cause ? cause : error;
}
