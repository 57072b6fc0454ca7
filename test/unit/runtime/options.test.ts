import { expect, test } from "bun:test";
import { optionsOf } from "../../../src/runtime/options.ts";
import { openExchange } from "../pipeline/opening.ts";

test("OPTIONS of the whole gateway is answered with the methods that it forwards", async () => {
  const handler = optionsOf(new Set(["GET", "LIST"]));
  const answer = await handler.handle(openExchange({ method: "OPTIONS" }));
  expect(answer.status).toBe(204);
  expect(answer.fields.get("allow")).toBe("GET, LIST");
  expect(answer.body).toBeNull();
});
