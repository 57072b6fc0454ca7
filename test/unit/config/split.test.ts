import { expect, test } from "bun:test";
import { errorsIn } from "./loading.ts";

const split = (when: string) => `
upstreams: { a: { backends: [http://a.test] }, b: { backends: [http://b.test] } }
routes: [{ path: /, split: [{ upstream: a, when: ${when} }, { upstream: b }] }]
`;

test.each([
  ["{}", "every request meets a `when` that says nothing; leave it out"],
  ["{ header: {}, query: {} }", "every request meets a `when` that says nothing; leave it out"],
  ['{ header: { "a b": "1" } }', "`a b` is not the name of a field"],
  ['{ header: { X-A: "1", x-a: "2" } }', "`x-a` is the same field as `X-A`"],
  ["{ header: { x: { present: true, matches: a } } }", "write one of `present` and `matches`"],
  ["{ query: { x: {} } }", "write one of `present` and `matches`"],
  ['{ cookie: { "a b": "1" } }', "`a b` is not the name of a cookie"],
  ["{ cookie: { x: {} } }", "write one of `present` and `matches`"],
  ["[]", "expected a list of at least 1 item"],
  ["[{ query: { v: '2' } }, {}]", "every request meets a `when` that says nothing; leave it out"],
])("a choice of a split is not made when %s", (when, message) => {
  const errors = errorsIn(split(when));
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain(message);
});

test("a choice of a split is made by fields, cookies and parameters", () => {
  expect(
    errorsIn(split('{ header: { x: "1" }, cookie: { y: { present: false } }, query: { z: "2" } }')),
  ).toEqual([]);
});

test("a choice of a split is made by any of a list", () => {
  expect(errorsIn(split('[{ header: { x: "1" } }, { cookie: { x: "1" } }]'))).toEqual([]);
});

test.each([
  ["10%", "write `10`, with 90 for the others"],
  ["0.5", "weights are whole numbers relative to each other, like 1 and 19 for 5 %"],
])("a weight of %s is told how to be written", (weight, remedy) => {
  const text = `upstreams: { a: http://a, b: http://b }\nroutes: [{ path: /, split: [{ upstream: a, weight: ${weight} }, { upstream: b }] }]\n`;
  expect(errorsIn(text)).toEqual([expect.stringContaining(remedy)]);
});
