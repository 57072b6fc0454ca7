import { describe, expect, test } from "bun:test";
import { parseTraceParent, parseTraceState, traceParent } from "../../../src/http/trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

describe("a traceparent field", () => {
  test.each([
    ["that is recorded", `00-${TRACE}-${SPAN}-01`, 1],
    ["that is not recorded", `00-${TRACE}-${SPAN}-00`, 0],
    ["whose id is random", `00-${TRACE}-${SPAN}-03`, 3],
    ["with flags that mean nothing yet", `00-${TRACE}-${SPAN}-f9`, 0xf9],
    ["of a later version", `cc-${TRACE}-${SPAN}-01`, 1],
    ["of a later version that has more parts", `cc-${TRACE}-${SPAN}-01-what-comes`, 1],
    ["of a later version that ends after a dash", `01-${TRACE}-${SPAN}-00-`, 0],
  ])("%s is read", (_what, field, flags) => {
    expect(parseTraceParent(field)).toEqual({ traceId: TRACE, parentId: SPAN, flags });
  });

  test.each([
    ["nothing", ""],
    ["the version that cannot be", `ff-${TRACE}-${SPAN}-01`],
    ["version 00 with more at its end", `00-${TRACE}-${SPAN}-01.`],
    ["version 00 with more parts", `00-${TRACE}-${SPAN}-01-what-comes`],
    ["version 00 with a dash at its end", `00-${TRACE}-${SPAN}-01-`],
    ["a later version with something else than a part", `cc-${TRACE}-${SPAN}-01.what-comes`],
    ["a version that is no number", `.0-${TRACE}-${SPAN}-01`],
    ["half a version", `0-${TRACE}-${SPAN}-01`],
    ["a version of three digits", `000-${TRACE}-${SPAN}-01`],
    ["a version in upper case", `CC-${TRACE}-${SPAN}-01`],
    ["a trace id of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["a trace id that is no number", `00-.${TRACE.slice(1)}-${SPAN}-01`],
    ["a trace id in upper case", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["a trace id that is too long", `00-${TRACE}0-${SPAN}-01`],
    ["a trace id that is too short", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["a span id of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["a span id that is no number", `00-${TRACE}-${SPAN.slice(1)}.-01`],
    ["a span id in upper case", `00-${TRACE}-${SPAN.toUpperCase()}-01`],
    ["a span id that is too long", `00-${TRACE}-${SPAN}0-01`],
    ["a span id that is too short", `00-${TRACE}-${SPAN.slice(1)}-01`],
    ["flags that are no number", `00-${TRACE}-${SPAN}-.1`],
    ["flags that are too long", `00-${TRACE}-${SPAN}-001`],
    ["flags that are too short", `00-${TRACE}-${SPAN}-1`],
    ["no flags", `00-${TRACE}-${SPAN}`],
    ["other separators", `00_${TRACE}_${SPAN}_01`],
    ["two fields", `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
    ["two fields of a later version", `cc-${TRACE}-${SPAN}-01-a, cc-${TRACE}-${SPAN}-01`],
    ["a later version with a line break", `cc-${TRACE}-${SPAN}-01-a\nb`],
  ])("with %s is not valid", (_what, field) => {
    expect(parseTraceParent(field)).toBeUndefined();
  });

  test.each([
    [0, "00"],
    [1, "01"],
    [3, "03"],
    [0xff, "ff"],
  ])("with the flags %i ends in %s", (flags, written) => {
    const field = traceParent({ traceId: TRACE, parentId: SPAN, flags });
    expect(field).toBe(`00-${TRACE}-${SPAN}-${written}`);
    expect(parseTraceParent(field)?.flags).toBe(flags);
  });
});

/** "a1=x,a2=x,…" */
function members(count: number, value = "x"): string {
  return Array.from({ length: count }, (_, at) => `a${at + 1}=${value}`).join(",");
}

const KEY_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
const VALUE_CHARACTERS = Array.from({ length: 0x5f }, (_, at) => String.fromCharCode(0x20 + at))
  .filter((character) => character !== "," && character !== "=")
  .join("");

describe("a tracestate list", () => {
  test.each([
    ["of one member", "rojo=00f067aa0ba902b7"],
    ["of several members", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"],
    ["with a key of a tenant", "fw529a3039@dt=FfD8_d8,a@b=c"],
    ["with a tenant that begins with a digit", "1a@b=c"],
    ["with a key that begins with a digit, as Level 2 allows", "1a=c"],
    ["with all characters of keys and values", `${KEY_CHARACTERS}=${VALUE_CHARACTERS}`],
    ["with blanks inside of a value", "a=b c"],
    ["with a value that begins with a blank", "a= b"],
    ["with the longest key", `${"z".repeat(256)}=1`],
    ["with the longest key of a tenant", `${"t".repeat(241)}@${"v".repeat(14)}=1`],
    ["with the longest value", `a=${"v".repeat(256)}`],
    ["of 32 members", members(32)],
  ])("%s is passed on as it is", (_what, list) => {
    expect(parseTraceState(list)).toBe(list);
  });

  test.each([
    ["blanks around members", " foo=1 \t , \t bar=2, \t baz=3\t", "foo=1,bar=2,baz=3"],
    ["empty members", ",foo=1,, ,bar=2,", "foo=1,bar=2"],
    ["an empty field after another one", "foo=1, ", "foo=1"],
    ["nothing", "", ""],
    ["nothing but blanks", " \t ", ""],
    ["empty members beyond the 32nd", `${members(32)},,,`, members(32)],
  ])("with %s is passed on without them", (_what, list, passed) => {
    expect(parseTraceState(list)).toBe(passed);
  });

  test.each([
    ["two members with one key", "foo=1,bar=2,foo=1"],
    ["a blank after a key", "foo =1"],
    ["a key in upper case", "FOO=1"],
    ["a dot in a key", "foo.bar=1"],
    ["a key that begins with a mark", "_foo=1"],
    ["no key", "=1"],
    ["no value", "foo="],
    ["no equals sign", "foo"],
    ["two equals signs", "foo=bar=baz"],
    ["a value that only some bytes can be", "foo=\u00e4"],
    ["a tab inside of a value", "foo=a\tb"],
    ["no system after a tenant", "foo@=1,bar=2"],
    ["no tenant before a system", "@foo=1,bar=2"],
    ["two marks of a tenant", "foo@@bar=1,bar=2"],
    ["tenants of tenants", "foo@bar@baz=1,bar=2"],
    ["a system that begins with a digit", "foo@1=1,bar=2"],
    ["a key that is too long", `${"z".repeat(257)}=1`],
    ["a tenant that is too long", `${"t".repeat(242)}@v=1`],
    ["a system that is too long", `t@${"v".repeat(15)}=1`],
    ["a value that is too long", `a=${"v".repeat(257)}`],
    ["33 members", members(33)],
  ])("with %s is dropped", (_what, list) => {
    expect(parseTraceState(list)).toBe("");
  });

  test("of 512 characters is passed on whole", () => {
    const list = `a=${"x".repeat(200)},b=${"y".repeat(200)},c=${"z".repeat(104)}`;
    expect(list.length).toBe(512);
    expect(parseTraceState(list)).toBe(list);
  });

  test("of more loses its long members first, from the end", () => {
    const long = (key: string) => `${key}=${"x".repeat(200)}`;
    const list = `${long("a")},${long("b")},c=3,${long("d")},e=5`;
    expect(parseTraceState(list)).toBe(`${long("a")},${long("b")},c=3,e=5`);
  });

  test("of more loses its last members if none is long", () => {
    const list = members(32, "x".repeat(26));
    const passed = parseTraceState(list);
    expect(passed.length).toBeLessThanOrEqual(512);
    expect(passed.length).toBeGreaterThan(480);
    expect(list.startsWith(`${passed},`)).toBe(true);
  });
});
