import { paths } from "../backend.ts";
import type { Section } from "../gateway.ts";
import { type Feature, feature, type Setup, type Side } from "./feature.ts";
import { headers } from "./scripts.ts";

const PATHS_OF_A_HOST = 10;

export const matching: readonly Feature[] = [
  feature({
    key: "conditions",
    name: "`hosts`, `headers` and `query` of a route",
    path: `${paths.small}?v=2`,
    script: () => headers({ "X-Version": "2", "X-Kind": "a1" }),
    with: {
      routes: (backend) => [
        {
          path: "/*",
          hosts: ["127.0.0.1"],
          headers: { "x-version": "2", "x-kind": { matches: "^a[0-9]+$" } },
          query: { v: "2" },
          backends: [backend],
        },
        // A request that does not meet the conditions would be answered by this one.
        { path: "/*", backends: [`${backend}/other`] },
      ],
    },
  }),
  {
    key: "hosts",
    name: "10,000 routes on 1,000 hosts, in place of 10 on one",
    path: paths.below,
    with: hostsAskedInTurn(1_000),
    without: hostsAskedInTurn(1),
  },
];

function hostsAskedInTurn(count: number): Side {
  const setup: Setup = {
    routes: (backend) =>
      Array.from({ length: count }, (_, host) =>
        Array.from({ length: PATHS_OF_A_HOST }, (_, path): Section => ({
          path: `${paths.below}r${path}/*`,
          hosts: [`h${host}.example.com`],
          backends: [backend],
        })),
      ).flat(),
  };
  const script = `
local made, n = {}, 0
request = function()
  n = (n + 1) % ${count * PATHS_OF_A_HOST}
  local text = made[n]
  if text == nil then
    local host = string.format("h%d.example.com", math.floor(n / ${PATHS_OF_A_HOST}))
    text = wrk.format("GET", string.format("${paths.below}r%d/x", n % ${PATHS_OF_A_HOST}), { Host = host })
    made[n] = text
  end
  return text
end
`;
  return { setup, script: () => script };
}
