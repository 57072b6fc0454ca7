import type { WireCase } from "./case.ts";
import { answerBodies } from "./sections/answer-bodies.ts";
import { answerFields } from "./sections/answer-fields.ts";
import { badBackends } from "./sections/bad-backends.ts";
import { connections } from "./sections/connections.ts";
import { halfClose } from "./sections/half-close.ts";
import { hostileChunks } from "./sections/hostile-chunks.ts";
import { hostileFraming } from "./sections/hostile-framing.ts";
import { hostileHeads } from "./sections/hostile-heads.ts";
import { http2 } from "./sections/http2.ts";
import { identity } from "./sections/identity.ts";
import { idleConnections } from "./sections/idle-connections.ts";
import { interim } from "./sections/interim.ts";
import { leaving } from "./sections/leaving.ts";
import { limits } from "./sections/limits.ts";
import { paths } from "./sections/paths.ts";
import { pipelining } from "./sections/pipelining.ts";
import { requestBodies } from "./sections/request-bodies.ts";
import { requestFields } from "./sections/request-fields.ts";
import { slowness } from "./sections/slowness.ts";
import { streaming } from "./sections/streaming.ts";
import { trailers } from "./sections/trailers.ts";
import { upgrades } from "./sections/upgrades.ts";
import { websocketHandshakes } from "./sections/websocket-handshakes.ts";
import { websocketMessages } from "./sections/websocket-messages.ts";

/** All cases, slow ones first, so that they do not make the end of a run wait. */
export const cases: readonly WireCase[] = [
  ...slowness,
  ...requestBodies,
  ...limits,
  ...answerBodies,
  ...streaming,
  ...leaving,
  ...idleConnections,
  ...requestFields,
  ...answerFields,
  ...identity,
  ...paths,
  ...hostileFraming,
  ...hostileChunks,
  ...hostileHeads,
  ...badBackends,
  ...connections,
  ...pipelining,
  ...trailers,
  ...interim,
  ...halfClose,
  ...upgrades,
  ...websocketHandshakes,
  ...websocketMessages,
  ...http2,
];
