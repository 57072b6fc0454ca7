/** Lua for fields of every request. */
export function headers(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `wrk.headers["${name}"] = "${value}"\n`)
    .join("");
}

/** Lua for requests of a client that sends the cookie which its first answer has set. */
export async function withCookie(origin: string, path: string): Promise<string> {
  const answer = await fetch(origin + path);
  await answer.arrayBuffer();
  const [pair] = (answer.headers.get("set-cookie") ?? STAND_IN).split(";", 1);
  return headers({ Cookie: pair ?? "" });
}

/** As long as a cookie of the gateway, where none is set. */
const STAND_IN = `gateway_backend=${"x".repeat(16)}`;

/** Lua for requests of which none is like another one, of this load or an earlier one. */
export function neverTheSame(path: string): string {
  return `
local n = os.time() * 1e6
request = function()
  n = n + 1
  return wrk.format("GET", string.format("${path}?n=%d", n))
end
`;
}

/** Lua for requests with a small JSON object. */
export const POST_JSON = `
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"name":"Ada Lovelace","email":"ada@example.com","roles":["admin","support"],"age":36}'
`;
