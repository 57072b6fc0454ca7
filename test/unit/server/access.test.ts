import { describe, expect, test } from "bun:test";
import { localOrToken, tokenOrElseLocal } from "../../../src/server/admin/access.ts";

const asker = (peer: string, host: string, fields: Record<string, string> = {}) => ({
  peer,
  host,
  headers: new Headers(fields),
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const elsewhere = (fields: Record<string, string> = {}) => asker("192.0.2.1", "localhost", fields);
const here = (fields: Record<string, string> = {}) => asker("127.0.0.1", "localhost:8080", fields);

describe("on the port of the clients", () => {
  const isOperator = localOrToken(undefined);

  test.each([
    ["127.0.0.1", "localhost"],
    ["127.0.0.1", "LocalHost:8080"],
    ["127.0.0.1", "127.0.0.1:8080"],
    ["::1", "[::1]:8080"],
  ])("somebody at %s who asks %s is the operator", (peer, host) => {
    expect(isOperator(asker(peer, host))).toBe(true);
  });

  test.each([
    ["192.0.2.1", "localhost", "comes from elsewhere"],
    ["127.0.0.1", "evil.test", "was sent by a page that gave itself a name"],
    ["127.0.0.1", "localhost.evil.test", "uses a name that only looks local"],
    ["127.0.0.1", "", "names no host"],
    ["", "localhost", "cannot be told"],
  ])("somebody at %p who asks %p is not: who so asks %s", (peer, host) => {
    expect(isOperator(asker(peer, host))).toBe(false);
  });

  test.each([
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
  ])("somebody whom a proxy sent, as %s tells, is not", (name) => {
    expect(isOperator(here({ [name]: "127.0.0.1" }))).toBe(false);
  });

  test("a token is of no use where none is configured", () => {
    expect(isOperator(elsewhere(bearer("undefined")))).toBe(false);
    expect(isOperator(elsewhere(bearer("")))).toBe(false);
  });

  test("whoever knows the token is the operator, from anywhere", () => {
    const withToken = localOrToken("s3cret");
    expect(withToken(elsewhere(bearer("s3cret")))).toBe(true);
    expect(withToken(elsewhere({ ...bearer("s3cret"), "x-forwarded-for": "1.1.1.1" }))).toBe(true);
    expect(withToken(elsewhere({ authorization: "bearer   s3cret " }))).toBe(true);
    expect(withToken(here())).toBe(true);
  });

  test.each([
    "Bearer s3cre",
    "Bearer s3crett",
    "Bearer",
    "Basic s3cret",
    "s3cret",
    "Bearer a s3cret",
  ])("%p is not the token", (authorization) => {
    expect(localOrToken("s3cret")(elsewhere({ authorization }))).toBe(false);
  });
});

describe("on the operator's own port", () => {
  test("a configured token is asked of everybody, of this machine too", () => {
    const isOperator = tokenOrElseLocal("s3cret");
    expect(isOperator(here())).toBe(false);
    expect(isOperator(here(bearer("s3cret")))).toBe(true);
    expect(isOperator(elsewhere(bearer("s3cret")))).toBe(true);
    expect(isOperator(elsewhere(bearer("wrong")))).toBe(false);
  });

  test("without one this machine is the operator", () => {
    const isOperator = tokenOrElseLocal(undefined);
    expect(isOperator(here())).toBe(true);
    expect(isOperator(elsewhere())).toBe(false);
    expect(isOperator(asker("127.0.0.1", "rebound.test"))).toBe(false);
  });
});
