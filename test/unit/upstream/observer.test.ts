import { expect, test } from "bun:test";
import { type AttemptObserver, observers } from "../../../src/upstream/observer.ts";
import { answered } from "./outcomes.ts";
import { pool } from "./pool.ts";

test("several observers are each told of everything, and none or one is no other", () => {
  const heard: string[] = [];
  const a: AttemptObserver = {
    attempted: (_backend, { status }) => heard.push(`a ${status}`),
    outrun: (_backend, milliseconds) => heard.push(`a outrun ${milliseconds}`),
  };
  const b: AttemptObserver = { attempted: (_backend, { status }) => heard.push(`b ${status}`) };
  const [backend] = pool(1);
  const both = observers([a, undefined, b]);
  both?.attempted(backend!, answered(200));
  both?.outrun?.(backend!, 7);
  expect(heard).toEqual(["a 200", "b 200", "a outrun 7"]);
  expect(observers([undefined])).toBeUndefined();
  expect(observers([undefined, a])).toBe(a);
});
