import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { defineCondition } from "../../../../src/routing/conditions/condition.ts";
import { conditionsOf } from "../../../../src/routing/conditions/of-route.ts";
import { methods } from "../../../../src/routing/conditions/methods.ts";
import { asksFor } from "../requests.ts";

const query = defineCondition({
  key: "query",
  schema: Type.String(),
  create: (text) => asksFor(text),
});

test("a route's conditions are made from the keys that it has", () => {
  const { conditions } = conditionsOf({ query: "x", methods: ["GET"] }, [methods, query]);
  expect(conditions?.map(({ text }) => text)).toEqual(["the query has x"]);
});

test("methods are a route's own and no condition like others", () => {
  expect(conditionsOf({ path: "/a", methods: ["GET"] }, [methods, query])).toEqual({
    methods: ["GET"],
    conditions: undefined,
  });
  expect(conditionsOf({ path: "/a" }, [methods, query])).toEqual({
    methods: undefined,
    conditions: undefined,
  });
});
