import { describe, expect, test } from "bun:test";
import { redisLink, type StoreLink } from "../../src/store/link.ts";
import { hasRedis, type RedisProcess, startRedis } from "../support/redis.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

function open({ socket }: Pick<RedisProcess, "socket">, onClose = () => {}): StoreLink {
  const link = redisLink({ url: `redis+unix://localhost${socket}` }, onClose);
  stage.defer(() => link.close());
  return link;
}

const reasonOf = (reply: Promise<unknown>) =>
  reply.then(
    () => "answered",
    (error: unknown) => (error instanceof Error ? error.message : "no error"),
  );

describe.skipIf(!hasRedis)("a connection to a Redis server", () => {
  test("sends commands in their order, the first before it is open", async () => {
    const link = open(await startRedis(stage));
    const echo = (text: string) => link.send("ECHO", [text]);
    const texts = ["one", "two", "é\r\n\0😀", "x".repeat(100_000)];
    expect(await Promise.all(texts.map(echo))).toEqual(texts);
  });

  test("has whole numbers up to 2^53, nil and lists as they are", async () => {
    const link = open(await startRedis(stage));
    const reply = await link.send("EVAL", ["return { 4503599627370496, -1, 'a', { 'b' } }", "0"]);
    expect(reply).toEqual([2 ** 52, -1, "a", ["b"]]);
    expect(await link.send("GET", ["nothing"])).toBeNull();
  });

  test("has what the server refuses reject with its reason, and goes on", async () => {
    const link = open(await startRedis(stage));
    expect(await reasonOf(link.send("EVALSHA", ["0".repeat(40), "0"]))).toStartWith("NOSCRIPT");
    expect(await link.send("PING", [])).toBe("PONG");
  });

  test("that cannot be made rejects its first command with the reason", async () => {
    const redis = await startRedis(stage, { args: ["--requirepass", "other"] });
    expect(await reasonOf(open(redis).send("PING", []))).toStartWith("NOAUTH");
    const nowhere = open({ socket: "/nowhere/redis.sock" });
    expect(await reasonOf(nowhere.send("PING", []))).toBe("Connection closed");
  });

  test("that the server closes says so once, and rejects what is unanswered", async () => {
    const redis = await startRedis(stage);
    let closed = 0;
    const link = open(redis, () => (closed += 1));
    await link.send("PING", []);
    const unanswered = reasonOf(link.send("BLPOP", ["nothing", "0"]));
    redis.kill("SIGKILL");
    expect(await unanswered).toBe("Connection closed");
    expect(closed).toBe(1);
    expect(await reasonOf(link.send("PING", []))).toBe("Connection closed");
  });

  test("that the gateway closes rejects what is unanswered, and is not opened again", async () => {
    const redis = await startRedis(stage);
    let closed = 0;
    const link = open(redis, () => (closed += 1));
    await link.send("PING", []);
    const unanswered = reasonOf(link.send("BLPOP", ["nothing", "0"]));
    link.close();
    expect(await unanswered).toBe("Connection closed");
    expect(await reasonOf(link.send("PING", []))).toBe("Connection closed");
    expect(closed).toBe(0);
    const clients = String(await redis.command("CLIENT", "LIST"));
    expect(clients.trim().split("\n")).toHaveLength(1);
  });

  test("sends nothing late to a server that has stood still", async () => {
    const redis = await startRedis(stage);
    const link = open(redis);
    await link.send("PING", []);
    redis.kill("SIGSTOP");
    const other = open(redis);
    const unanswered = reasonOf(other.send("SET", ["late", "1"]));
    other.close();
    redis.kill("SIGCONT");
    expect(await unanswered).toBe("Connection closed");
    expect(await link.send("GET", ["late"])).toBeNull();
  });
});
