import { Type } from "@sinclair/typebox";
import { Elysia, t } from "elysia";
import type { Split } from "../../proxy/split/split.ts";
import type { Snapshot } from "../../runtime/snapshot/snapshot.ts";

const MOST_WEIGHT = 1_000_000;

export interface SplitPagesSubject {
  readonly snapshot: () => Snapshot;
  /** Called with each change of weights, for the log. */
  readonly onChange: (message: string) => void;
}

/**
 * GET /admin/splits: the shares of each route with a split. POST changes weights, until the configuration
 * changes them or the gateway stops.
 */
export function splitPages({ snapshot, onChange }: SplitPagesSubject) {
  return new Elysia()
    .get("/splits", () => ({ splits: describeSplits(snapshot()) }))
    .post(
      "/splits",
      ({ body: { route, weights }, status }) => {
        const split = snapshot().routes.find(({ id }) => id === route)?.split;
        if (split === undefined) {
          const ids = Object.keys(describeSplits(snapshot()));
          const known =
            ids.length === 0 ? "no route has one" : `routes with one: ${ids.join(", ")}`;
          return status(404, `the route ${route} has no split; ${known}\n`);
        }
        const problem = split.weights.change(weights);
        if (problem !== undefined) return status(422, `weights: ${problem}\n`);
        const shares = split.weights.shares.map(({ name, weight }) => `${name} ${weight}`);
        onChange(`the weights of route ${route} were changed: ${shares.join(", ")}`);
        return { [route]: describe(split) };
      },
      {
        body: t.Object(
          {
            route: t.String(),
            // Elysia's own also takes numbers in quotes, and leaves them texts.
            weights: t.Record(t.String(), Type.Integer({ minimum: 0, maximum: MOST_WEIGHT }), {
              minProperties: 1,
            }),
          },
          { additionalProperties: false },
        ),
      },
    );
}

function describeSplits({ routes }: Snapshot) {
  return Object.fromEntries(
    routes.flatMap(({ id, split }) =>
      split === undefined ? [] : [[id, describe(split)] as const],
    ),
  );
}

function describe({ weights }: Split) {
  return weights.shares.map(({ name, weight, configured, requests }) => ({
    upstream: name,
    weight,
    configured_weight: configured,
    requests,
  }));
}
