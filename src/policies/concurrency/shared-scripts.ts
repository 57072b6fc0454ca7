import type { StoreScript } from "../../pipeline/shared-store.ts";

/*
 * The places of a limit are a sorted set: a member for each request in progress, with the time of the
 * store's clock, in milliseconds, at which its lease ends.
 */

/** For a key: the member, how many there may be, and the lease. Answers 1 if it has been taken. */
export const TAKE: StoreScript = {
  name: "concurrency",
  gives: (reply) => reply === 0 || reply === 1,
  source: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`,
};

/** For a key: the member that ends. */
export const RELEASE: StoreScript = {
  name: "concurrency, released",
  gives: (reply) => reply === 0 || reply === 1,
  source: `return redis.call('ZREM', KEYS[1], ARGV[1])`,
};

/** The lease, and a member for each key. A member that has got lost is there again, above the limit too. */
export const RENEW: StoreScript = {
  name: "concurrency, renewed",
  gives: (reply) => reply === 1,
  source: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ARGV[1], ARGV[i + 1])
  redis.call('PEXPIRE', key, ARGV[1])
end
return 1`,
};
