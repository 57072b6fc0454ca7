import { describe, expect, test } from "bun:test";
import { Answer, isReader } from "../../../src/pipeline/answer.ts";
import { contentFrom, readerFrom, streamOf } from "../../support/client-request.ts";
import { Chain } from "../../../src/pipeline/chain.ts";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import type { Exchange } from "../../../src/pipeline/exchange.ts";
import type { Policy, Rest } from "../../../src/pipeline/policy.ts";
import { problemMaker } from "../../../src/pipeline/problems.ts";
import { openExchange } from "./opening.ts";
import { through } from "./through.ts";

/** A chain that writes down what happens in it, with policies named by letters. */
function chain(...policies: (Policy | undefined)[]) {
  const happened: string[] = [];
  const crashes: unknown[] = [];
  const last = { answer: (): Promise<Answer> => Promise.resolve(new Answer("from the end")) };
  const watched = policies.map((policy, index): Policy => {
    const name = "abc"[index] ?? "";
    return {
      name,
      request(exchange) {
        happened.push(`${name}>`);
        return policy?.request?.(exchange);
      },
      response(exchange, answer) {
        happened.push(`<${name} ${answer.status}`);
        return policy?.response?.(exchange, answer);
      },
    };
  });
  const toProblem = problemMaker((_exchange, error) => crashes.push(error));
  const chain = new Chain(watched, toProblem);
  const end = {
    handle() {
      happened.push("end");
      return last.answer();
    },
  };
  const exchange = openExchange();
  return { happened, crashes, last, exchange, send: () => through(chain, exchange, end) };
}

const plain: Policy = { name: "plain" };
const toProblem = problemMaker(() => {});

describe("a chain", () => {
  test("runs in order to its end and back in reverse", async () => {
    const { happened, send } = chain(plain, plain, plain);
    expect(await (await send()).text()).toBe("from the end");
    expect(happened).toEqual(["a>", "b>", "c>", "end", "<c 200", "<b 200", "<a 200"]);
  });

  test("without policies is its end alone", async () => {
    const { happened, send } = chain();
    expect((await send()).status).toBe(200);
    expect(happened).toEqual(["end"]);
  });

  test("takes policies that look one way only", async () => {
    const chain = new Chain(
      [{ name: "neither" }, { name: "in", request: () => undefined }],
      toProblem,
    );
    const end = { handle: () => new Answer("end") };
    expect(await (await through(chain, openExchange(), end)).text()).toBe("end");
  });

  test("turns round at a policy that answers, and passes that one again", async () => {
    const { happened, send } = chain(
      plain,
      { name: "answers", request: () => new Answer("mine", { status: 204 }) },
      plain,
    );
    expect((await send()).status).toBe(204);
    expect(happened).toEqual(["a>", "b>", "<b 204", "<a 204"]);
  });

  test("waits for a policy that takes its time", async () => {
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
    const { happened, send } = chain({ name: "slow", request: () => promise }, plain);
    const answer = send();
    await Promise.resolve();
    expect(happened).toEqual(["a>"]);
    resolve(undefined);
    expect((await answer).status).toBe(200);
    expect(happened).toEqual(["a>", "b>", "end", "<b 200", "<a 200"]);
  });

  test("turns round at a policy that answers after a while", async () => {
    const { happened, send } = chain(
      { name: "slow", request: async () => new Answer(null, { status: 401 }) },
      plain,
    );
    expect((await send()).status).toBe(401);
    expect(happened).toEqual(["a>", "<a 401"]);
  });

  test("runs the same policies for many exchanges at once without mixing them up", async () => {
    const chain = new Chain(
      [
        {
          name: "marks",
          request: async (exchange) => {
            await Promise.resolve();
            exchange.route = exchange.target.path;
            return undefined;
          },
          response: (exchange, answer) => {
            answer.fields.set("x-route", exchange.route);
            return undefined;
          },
        },
      ],
      toProblem,
    );
    const end = { handle: async ({ target }: Exchange) => new Answer(target.path) };
    const paths = Array.from({ length: 20 }, (_, index) => `/${index}`);
    const answers = await Promise.all(
      paths.map((path) => through(chain, openExchange({ url: `http://gateway.test${path}` }), end)),
    );
    expect(answers.map(({ headers }) => headers.get("x-route"))).toEqual(paths);
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(paths);
  });
});

describe("an answer that a policy returns on the way out", () => {
  const other = () => new Answer("another", { status: 203 });

  test.each([
    ["at once", { name: "x", response: other }],
    ["after a while", { name: "x", response: async () => other() }],
  ] satisfies [string, Policy][])("%s, is what the policies further out get", async (_, policy) => {
    const { happened, send } = chain(plain, policy, plain);
    const response = await send();
    expect(response.status).toBe(203);
    expect(await response.text()).toBe("another");
    expect(happened).toEqual(["a>", "b>", "c>", "end", "<c 200", "<b 200", "<a 203"]);
  });

  test("ends the content that it has no use for", async () => {
    const { promise: cancelled, resolve } = Promise.withResolvers<void>();
    const { last, send } = chain({ name: "x", response: other });
    last.answer = async () =>
      new Answer(contentFrom(new ReadableStream({ cancel: () => resolve() })));
    await send();
    await cancelled;
  });

  test("may be made of the content of the one before", async () => {
    const { last, send } = chain({
      name: "x",
      response: (_, answer) => {
        const body = answer.takeBody();
        return new Answer(isReader(body) ? readerFrom(streamOf(body)) : body);
      },
    });
    last.answer = async () => new Answer(readerFrom(new Response("streamed").body!));
    expect(await (await send()).text()).toBe("streamed");
  });

  test("that is the same answer changes nothing", async () => {
    const { send } = chain({ name: "x", response: (_, answer) => answer });
    expect(await (await send()).text()).toBe("from the end");
  });

  test("and fails after a while, is a problem for the policies further out", async () => {
    const { happened, send } = chain(plain, {
      name: "x",
      response: () => Promise.reject(new GatewayError("backend_stalled", "stalled")),
    });
    expect((await send()).status).toBe(504);
    expect(happened).toEqual(["a>", "b>", "end", "<b 200", "<a 504"]);
  });
});

describe("what is thrown", () => {
  const limited = new GatewayError("rate_limited", "too many", { fields: { "retry-after": "3" } });

  test.each([
    ["at once", { name: "throws", request: () => fail(limited) }],
    ["after a while", { name: "throws", request: () => Promise.reject(limited) }],
  ] satisfies [string, Policy][])(
    "on the way in, %s, is a problem for that policy and those before it",
    async (_when, policy) => {
      const { happened, crashes, exchange, send } = chain(plain, policy, plain);
      const response = await send();
      expect(response.status).toBe(429);
      expect(response.headers.get("retry-after")).toBe("3");
      expect(happened).toEqual(["a>", "b>", "<b 429", "<a 429"]);
      expect(exchange.errorCode).toBe("rate_limited");
      expect(crashes).toEqual([]);
    },
  );

  test("at the end is a problem for every policy", async () => {
    const { happened, last, send } = chain(plain, plain);
    last.answer = () => Promise.reject(new GatewayError("backend_timeout", "too late"));
    expect((await send()).status).toBe(504);
    expect(happened).toEqual(["a>", "b>", "end", "<b 504", "<a 504"]);
  });

  test("by the end before it has begun to wait is a problem as well", async () => {
    const { last, send } = chain(plain);
    last.answer = () => fail(new GatewayError("no_healthy_backend", "none"));
    expect((await send()).status).toBe(503);
  });

  test("on the way out is a problem for the policies further out", async () => {
    const crash = new TypeError("secret");
    const { happened, crashes, send } = chain(plain, { name: "x", response: () => fail(crash) });
    const response = await send();
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
    expect(happened).toEqual(["a>", "b>", "end", "<b 200", "<a 500"]);
    expect(crashes).toEqual([crash]);
  });

  test("on the way out by several policies stays named after the first", async () => {
    const { exchange, send } = chain(
      { name: "x", response: () => fail(new TypeError("second")) },
      { name: "y", response: () => fail(new GatewayError("body_too_large", "first")) },
    );
    expect((await send()).status).toBe(500);
    expect(exchange.errorCode).toBe("body_too_large");
    expect(exchange.errorDetail).toBe("first");
  });
});

function fail(error: Error): never {
  throw error;
}

describe("a policy that is told what comes after it", () => {
  test("can take the exchange through that, and sees its answer before others do", async () => {
    const happened: string[] = [];
    const watched = (name: string): Policy => ({
      name,
      request: () => void happened.push(`${name}>`),
      response: () => void happened.push(`<${name}`),
    });
    let rest: Rest | undefined;
    const middle: Policy = {
      name: "middle",
      leadsTo: (what) => (rest = what),
      async request(exchange) {
        const answer = await rest?.handle(exchange);
        happened.push(`answer ${answer?.status}`);
        return answer;
      },
    };
    const toProblem = problemMaker(() => {});
    const chain = new Chain([watched("a"), middle, watched("c")], toProblem);
    const end = { handle: () => new Answer(null, { status: 204 }) };
    chain.join(end);
    const answer = await through(chain, openExchange(), end);
    expect(answer.status).toBe(204);
    expect(happened).toEqual(["a>", "c>", "<c", "answer 204", "<a"]);
  });

  test("gets a problem, and no exception, from what fails behind it", async () => {
    let rest: Rest | undefined;
    const first: Policy = { name: "first", leadsTo: (what) => (rest = what) };
    const failing: Policy = {
      name: "failing",
      request() {
        throw new GatewayError("rate_limited", "too many");
      },
    };
    const chain = new Chain(
      [first, failing],
      problemMaker(() => {}),
    );
    chain.join({ handle: () => new Answer("never") });
    expect((await rest?.handle(openExchange()))?.status).toBe(429);
  });
});
