import { FieldList } from "../../../../src/http/field-list.ts";
import { fieldOf } from "../../../../src/http/field.ts";
import { Answer } from "../../../../src/pipeline/answer.ts";
import { Chain } from "../../../../src/pipeline/chain.ts";
import { type ContentReader, END } from "../../../../src/pipeline/content.ts";
import type { Exchange } from "../../../../src/pipeline/exchange.ts";
import type { Policy } from "../../../../src/pipeline/policy.ts";
import { problemMaker } from "../../../../src/pipeline/problems.ts";
import { asResponse } from "../../../support/client-request.ts";

export interface Answering {
  readonly status?: number;
  readonly fields?: Readonly<Record<string, string>>;
  /** In one piece, or in several as they come. */
  readonly body: string | Uint8Array | readonly Uint8Array[];
}

/** Takes an exchange through policies to a backend that answers so, and to its end. Returns what the client gets. */
export async function exchanged(
  exchange: Exchange,
  policies: readonly (Policy | undefined)[],
  { status = 200, fields = {}, body }: Answering,
): Promise<Uint8Array> {
  const all = policies.flatMap((policy) => [policy, policy?.secondPart]);
  const chain = new Chain(
    all.filter((policy) => policy !== undefined),
    problemMaker((_exchange, error) => {
      throw error;
    }),
  );
  const content = typeof body === "string" || body instanceof Uint8Array ? body : inPieces(body);
  const list = Object.entries(fields).map(([name, value]) => fieldOf(name, value));
  const handle = async () => {
    const { request } = exchange;
    while (request.content !== undefined && (await request.content.read()).value !== undefined);
    return new Answer(content, { status, fields: new FieldList(list) });
  };
  const answer = await chain.run(exchange, { handle }, (_exchange, last) => last);
  const got = await asResponse(answer).bytes();
  exchange.status = status;
  exchange.ended();
  return got;
}

/** Content whose pieces come one after the other, every second one later. */
export function inPieces(pieces: readonly Uint8Array[]): ContentReader {
  let at = 0;
  return {
    read: () => {
      const value = pieces[at];
      at += 1;
      const result = value === undefined ? END : { done: false, value };
      return at % 2 === 0 ? Promise.resolve(result) : result;
    },
    cancel: () => Promise.resolve(),
  };
}

/** Bytes cut at the given places. */
export function cutAt(content: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places, content.length].map((place) => Math.min(place, content.length));
  const sorted = ends.toSorted((one, other) => one - other);
  return sorted.map((end, index) => content.slice(sorted[index - 1] ?? 0, end));
}
