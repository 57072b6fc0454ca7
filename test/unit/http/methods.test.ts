import { describe, expect, test } from "bun:test";
import { methodProblem, methodWarning, proxiedMethods } from "../../../src/http/methods.ts";

describe("methods", () => {
  test.each(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "PROPFIND"])(
    "%s is forwarded",
    (method) => {
      expect(proxiedMethods.has(method)).toBe(true);
      expect(methodProblem(method)).toBeUndefined();
    },
  );

  test.each(["LIST", "MKACTIVITY", "BREW", "x-own", "purge-all"])(
    "%s is forwarded where a route lists it",
    (method) => {
      expect(proxiedMethods.has(method)).toBe(false);
      expect(methodProblem(method)).toBeUndefined();
      expect(methodWarning(method)).toBeUndefined();
    },
  );

  test.each([
    ["PSOT", "POST"],
    ["GTE", "GET"],
    ["DELET", "DELETE"],
    ["OPTION", "OPTIONS"],
  ])("%s may be a mistake for %s", (method, meant) => {
    expect(methodWarning(method)).toEndWith(`write \`${meant}\``);
  });

  test("a method in common use is no mistake", () => {
    for (const method of proxiedMethods) expect(methodWarning(method)).toBeUndefined();
  });

  test.each(["", "A B", "A/B", "\u00C4"])("%j is not the name of one", (method) => {
    expect(methodProblem(method)).toBe(`\`${method}\` is not the name of a method`);
  });

  test.each(["CONNECT", "TRACE", "trace"])("%s is never forwarded", (method) => {
    expect(proxiedMethods.has(method)).toBe(false);
    expect(methodProblem(method)).toBe(`\`${method}\` is not a method that the gateway forwards`);
  });

  test("a method in lower case is pointed to its right name", () => {
    expect(methodProblem("get")).toBe("method names are case-sensitive; write `GET`");
  });

  test.each(["*", "ALL", "any"])("%s is not one, and needs none", (method) => {
    expect(methodProblem(method)).toBe(
      `\`${method}\` is not a method; for every method, leave the list out`,
    );
  });

  test("several in one text are pointed to a list", () => {
    expect(methodProblem("GET|post")).toBe("`GET|post` is not a method; write `[GET, POST]`");
  });
});
