import { areNumbers, type StoreScript } from "../../pipeline/shared-store.ts";

/*
 * A bucket is a string, "level time": parts, and microseconds of the store's clock as of which they were
 * there. A bucket that does not exist is full, and one that has filled expires. A script's numbers are
 * doubles, and all of these are whole and below 2^53, so its arithmetic is that of `TokenBucket`, to the
 * part. Numbers are written by "%.0f" because Lua's own form has 14 digits.
 */

/**
 * Takes from all buckets, or from none. For each key: its capacity, the parts that a microsecond adds, the
 * parts to take, and those that it may owe afterwards. Answers 1 or 0, and the level of each bucket then.
 * What it refuses it does not write, unless the clock has been set back.
 */
export const TAKE: StoreScript = {
  name: "rate limit",
  gives: (reply, keys) => areNumbers(reply, keys + 1),
  source: `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local admitted = 1
local levels = {}
for i, key in ipairs(KEYS) do
  local capacity = tonumber(ARGV[4 * i - 3])
  local level = capacity
  local written = redis.call('GET', key)
  if written then
    local blank = string.find(written, ' ', 1, true)
    level = tonumber(string.sub(written, 1, blank - 1))
    local elapsed = now - tonumber(string.sub(written, blank + 1))
    if elapsed > 0 then
      level = math.min(capacity, level + elapsed * ARGV[4 * i - 2])
    elseif elapsed < 0 then
      redis.call('SET', key, string.format('%.0f %.0f', level, now), 'KEEPTTL')
    end
  end
  levels[i] = level
  if level - ARGV[4 * i - 1] < -ARGV[4 * i] then admitted = 0 end
end
local answer = { admitted }
for i, key in ipairs(KEYS) do
  local level = levels[i]
  if admitted == 1 then
    level = level - ARGV[4 * i - 1]
    local untilFull = math.ceil((ARGV[4 * i - 3] - level) / ARGV[4 * i - 2] / 1000) + 1
    redis.call('SET', key, string.format('%.0f %.0f', level, now), 'PX', string.format('%.0f', untilFull))
  end
  answer[i + 1] = level
end
return answer`,
};

/**
 * Returns parts to buckets. For each key: its capacity, and the parts. Time goes on counting from where it
 * was, and a bucket that has expired is full.
 */
export const GIVE_BACK: StoreScript = {
  name: "rate limit, given back",
  gives: (reply) => reply === 1,
  source: `
for i, key in ipairs(KEYS) do
  local written = redis.call('GET', key)
  if written then
    local blank = string.find(written, ' ', 1, true)
    local level = string.sub(written, 1, blank - 1) + ARGV[2 * i]
    level = math.min(level, ARGV[2 * i - 1])
    redis.call('SET', key, string.format('%.0f', level) .. string.sub(written, blank), 'KEEPTTL')
  end
end
return 1`,
};
