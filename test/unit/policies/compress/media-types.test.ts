import { describe, expect, test } from "bun:test";
import {
  MediaTypes,
  typeProblem,
  USUAL_TYPES,
} from "../../../../src/policies/compress/media-types.ts";

describe("the usual types", () => {
  const usual = new MediaTypes(USUAL_TYPES);

  test.each([
    ["text/html; charset=utf-8"],
    ["TEXT/CSS"],
    ["text/javascript"],
    ["application/json"],
    ["application/json;charset=UTF-8"],
    ["application/problem+json"],
    ["application/vnd.api+json; ext=x"],
    ["application/javascript"],
    ["application/xml"],
    ["application/atom+xml"],
    ["image/svg+xml"],
    ["application/wasm"],
    ["application/x-ndjson"],
    ["font/ttf"],
  ])("have %p", (type) => {
    expect(usual.has(type)).toBe(true);
    expect(usual.has(type)).toBe(true);
  });

  test.each([
    ["image/png"],
    ["image/jpeg"],
    ["video/mp4"],
    ["audio/mpeg"],
    ["font/woff2"],
    ["application/zip"],
    ["application/gzip"],
    ["application/pdf"],
    ["application/octet-stream"],
    ["multipart/form-data; boundary=x"],
    ["text/event-stream"],
    ["text/event-stream; charset=utf-8"],
    ["application/grpc"],
    ["application/grpc+json"],
    ["application/grpc-web+json"],
    ["application/connect+json"],
    ["text"],
    ["json"],
    ["textx"],
    [""],
    ["*/*"],
  ])("do not have %p", (type) => {
    expect(usual.has(type)).toBe(false);
  });

  test("can all be written in a configuration", () => {
    expect(USUAL_TYPES.filter((type) => typeProblem(type) !== undefined)).toEqual([]);
  });
});

describe("types of one's own", () => {
  const own = new MediaTypes(["Application/X-Log", "model/*", "*+cbor"]);

  test("are in place of the usual ones", () => {
    expect(own.has("application/x-log")).toBe(true);
    expect(own.has("model/gltf-binary")).toBe(true);
    expect(own.has("application/vnd.x+cbor")).toBe(true);
    expect(own.has("text/html")).toBe(false);
    expect(own.has("application/cbor")).toBe(false);
  });

  test("are still right after more different ones than are remembered", () => {
    for (let index = 0; index < 200; index += 1) own.has(`text/x${index}`);
    expect(own.has("model/x")).toBe(true);
    expect(own.has(`model/x;${"a".repeat(500)}`)).toBe(true);
  });

  test.each([
    ["json"],
    ["*/*"],
    ["*"],
    ["text/"],
    ["/x"],
    ["text/html; charset=utf-8"],
    ["*/*+json"],
    ["a b/c"],
  ])("cannot be %p", (type) => {
    expect(typeProblem(type)).toStartWith(`\`${type}\` is not a media type; write one like`);
  });

  test.each([["text/event-stream"], ["Application/GRPC+proto"], ["multipart/x-mixed-replace"]])(
    "cannot be %p, whose messages must not wait",
    (type) => {
      expect(typeProblem(type)).toStartWith(`content of \`${type}\` is never compressed`);
    },
  );
});
