import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createStage } from "../../support/stage.ts";
import { errorsIn, warningsIn } from "./loading.ts";

const stage = createStage();

async function described(path: string, validate: (file: string) => string, servers = "[]") {
  const file = join(stage.folder(), "api.yaml");
  const operation = "{ get: { responses: { '200': { description: a } } } }";
  await Bun.write(
    file,
    `openapi: 3.0.3\ninfo: { title: a, version: '1' }\nservers: ${servers}\npaths: { "/orders/{id}": ${operation}, /status: ${operation} }\n`,
  );
  const text = `routes: [{ path: "${path}", backends: [http://a], validate: ${validate(file)} }]`;
  expect(errorsIn(text)).toEqual([]);
  return warningsIn(text).map((line) => line.replaceAll(file, "api.yaml"));
}

const alone = (file: string) => `{ openapi: ${file} }`;

describe("a document none of whose operations a route reaches", () => {
  test("is warned of, with the base path that is missing", async () => {
    expect(await described("/shop/*", alone)).toEqual([
      "1:72: no operation of api.yaml is at the path of this route, so every request would get a 404; write `openapi: { file: api.yaml, base_path: /shop }`",
    ]);
    const wrong = (file: string) => `{ openapi: { file: ${file}, base_path: /sop } }`;
    expect((await described("/shop/*", wrong))[0]).toContain("base_path: /shop }`");
    expect((await described("/users", alone))[0]).toEndWith("; is it another route's?");
  });

  test.each(["/*", "/orders/*", "/orders/:id", "/orders/7", "/status", "/:any"])(
    "is none for %s",
    async (path) => {
      expect(await described(path, alone)).toEqual([]);
    },
  );

  test("is none where the servers say so, or what is unknown passes", async () => {
    expect(await described("/v1/*", alone, "[{ url: 'https://a/v1' }]")).toEqual([]);
    const pass = (file: string) => `{ openapi: { file: ${file}, unknown_operations: pass } }`;
    expect(await described("/shop/*", pass)).toEqual([]);
    expect(await described("/shop/*", () => "false")).toEqual([]);
  });
});
