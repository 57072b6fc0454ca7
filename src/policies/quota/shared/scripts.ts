import { areNumbers, type StoreReply, type StoreScript } from "../../../pipeline/shared-store.ts";

/**
 * In the store, a quota's counts of one period are a sorted set of keys by what they have used, so that
 * those that have used most can be listed, and a hash of what keys were granted. Both expire after the
 * period.
 *
 * KEYS: for each quota its set and its hash. ARGV: for each quota the key, its limit and its cost, what the
 * gateway takes for used and granted if the store does not know the key, what it has admitted without the
 * store, and when the counts expire. Replies with 1 if everything was drawn, otherwise 0, and with what is
 * used and granted of each quota then.
 */
export const DRAW: StoreScript = {
  name: "quota",
  gives: (reply, keys) => areNumbers(reply, keys + 1),
  source: `
local draws, drawn = {}, 1
for i = 1, #KEYS / 2 do
  local at = (i - 1) * 7
  local draw = { set = KEYS[2 * i - 1], hash = KEYS[2 * i], key = ARGV[at + 1], expires = ARGV[at + 7] }
  draw.cost = tonumber(ARGV[at + 3])
  local score = redis.call('ZSCORE', draw.set, draw.key)
  if score then
    local more = tonumber(ARGV[at + 6])
    draw.used = math.max(0, tonumber(score) + more)
    draw.granted = tonumber(redis.call('HGET', draw.hash, draw.key) or 0)
    draw.changed = more ~= 0
  else
    draw.used = tonumber(ARGV[at + 4])
    draw.granted = tonumber(ARGV[at + 5])
    draw.changed = true
    draw.new = true
  end
  if draw.used + draw.cost > tonumber(ARGV[at + 2]) + draw.granted then drawn = 0 end
  draws[i] = draw
end
local reply = { drawn }
for _, draw in ipairs(draws) do
  if drawn == 1 then draw.used = draw.used + draw.cost end
  if drawn == 1 or draw.changed then redis.call('ZADD', draw.set, draw.used, draw.key) end
  if draw.new then
    if draw.granted > 0 then
      redis.call('HSET', draw.hash, draw.key, draw.granted)
      redis.call('PEXPIREAT', draw.hash, draw.expires)
    end
    redis.call('PEXPIREAT', draw.set, draw.expires)
    if redis.call('ZCARD', draw.set) > 1100000 then
      redis.call('ZREMRANGEBYRANK', draw.set, 0, 99999)
    end
  end
  reply[#reply + 1] = draw.used
  reply[#reply + 1] = draw.granted
end
return reply`,
};

/** KEYS: the set of each quota. ARGV: for each the key, and what to give back. */
export const GIVE_BACK: StoreScript = {
  name: "quota, given back",
  gives: (reply) => reply === 1,
  source: `
for i = 1, #KEYS do
  local key = ARGV[2 * i - 1]
  local used = redis.call('ZSCORE', KEYS[i], key)
  if used then redis.call('ZADD', KEYS[i], math.max(0, tonumber(used) - tonumber(ARGV[2 * i])), key) end
end
return 1`,
};

/** KEYS: the set and the hash of a quota. ARGV: the key, what is used and granted now, and when it expires. */
export const ADJUST: StoreScript = {
  name: "quota, adjusted",
  gives: (reply) => reply === 1,
  source: `
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('PEXPIREAT', KEYS[1], ARGV[4])
if tonumber(ARGV[3]) > 0 then
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
  redis.call('PEXPIREAT', KEYS[2], ARGV[4])
else
  redis.call('HDEL', KEYS[2], ARGV[1])
end
return 1`,
};

/**
 * KEYS: for each quota its set and its hash. ARGV: how many counts to list of each, those that have used
 * most first, and perhaps the only key to list. Replies with a list for each quota: key, used, granted, and
 * so on.
 */
export const LIST: StoreScript = {
  name: "quota, listed",
  gives: (reply, keys) =>
    Array.isArray(reply) && reply.length === keys / 2 && reply.every(isListOfCounts),
  source: `
local lists = {}
for i = 1, #KEYS / 2 do
  local set, hash = KEYS[2 * i - 1], KEYS[2 * i]
  local found = {}
  if ARGV[2] then
    local used = redis.call('ZSCORE', set, ARGV[2])
    if used then found = { ARGV[2], used } end
  else
    found = redis.call('ZREVRANGE', set, 0, ARGV[1] - 1, 'WITHSCORES')
  end
  local list = {}
  for at = 1, #found, 2 do
    list[#list + 1] = found[at]
    list[#list + 1] = tonumber(found[at + 1])
    list[#list + 1] = tonumber(redis.call('HGET', hash, found[at]) or 0)
  end
  lists[i] = list
end
return lists`,
};

/** Key, used, granted, and so on. */
function isListOfCounts(list: StoreReply): boolean {
  return (
    Array.isArray(list) &&
    list.length % 3 === 0 &&
    list.every((item, at) => (at % 3 === 0 ? typeof item === "string" : Number.isFinite(item)))
  );
}
