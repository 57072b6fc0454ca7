import { grpcText, readGrpcStatus } from "../http/grpc.ts";
import type { ContentReader } from "../pipeline/content.ts";
import type { GrpcHealth } from "../upstream/health/probe.ts";
import type { BackendAnswer } from "./backend-answer.ts";

/** The path of the standard health service's method. */
export const CHECK_PATH = "/grpc.health.v1.Health/Check";

/** Bytes of a response; it has one number. */
const LONGEST_RESPONSE = 1_024;
/** Before each message: whether it is compressed, and its length in four bytes. */
const MESSAGE_PREFIX = 5;
/** Field 1 of HealthCheckRequest, with a length. */
const SERVICE_TAG = 0x0a;
/** Field 1 of HealthCheckResponse, a varint. */
const STATUS_TAG = 0x08;

/** The message of a call that asks about a service; about the whole server if its name is empty. */
export function checkRequest(service: string): Uint8Array {
  const name = Buffer.from(service);
  // At most 127 bytes, as the configuration allows, so that the length is one byte.
  const message =
    name.length === 0 ? name : Buffer.concat([Buffer.from([SERVICE_TAG, name.length]), name]);
  const prefix = Buffer.alloc(MESSAGE_PREFIX);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Reads the answer of a call. Rejects if it breaks off. */
export async function readGrpcHealth({ fields, content }: BackendAnswer): Promise<GrpcHealth> {
  const message = content === undefined ? NOTHING : await beginningOf(content);
  const trailer = (name: string) =>
    content?.trailers?.find((field) => field.name === name)?.value ?? fields.get(name);
  return {
    status: readGrpcStatus(trailer("grpc-status")),
    message: grpcText(trailer("grpc-message") ?? ""),
    serving: servingIn(message),
  };
}

async function beginningOf(content: ContentReader): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (let length = 0; length <= LONGEST_RESPONSE;) {
    const { value } = await content.read();
    if (value === undefined) break;
    pieces.push(value);
    length += value.length;
  }
  return Buffer.concat(pieces);
}

const NOTHING = Buffer.alloc(0);

/** The status in an uncompressed message; 0 is left out on the wire. */
function servingIn(bytes: Buffer): number | undefined {
  if (bytes.length < MESSAGE_PREFIX || bytes[0] !== 0) return undefined;
  return bytes[MESSAGE_PREFIX] === STATUS_TAG ? bytes[MESSAGE_PREFIX + 1] : 0;
}
