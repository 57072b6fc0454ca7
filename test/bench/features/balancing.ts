import { paths } from "../backend.ts";
import { type Feature, feature, onTwoUpstreams, onUpstream } from "./feature.ts";
import { withCookie } from "./scripts.ts";

const fromCookie = (origin: string) => withCookie(origin, paths.small);
const HALVES = [
  { upstream: "one", weight: 50 },
  { upstream: "two", weight: 50 },
];

/** Which backend gets a request, in place of two in turn. */
export const balancing: readonly Feature[] = [
  ...["least_requests", "fastest", "random"].map((balance) =>
    balanced(balance.replace("_", "-"), `\`balance: ${balance}\``, balance),
  ),
  balanced("hash", "`balance: { hash: client_ip }`", { hash: "client_ip" }),
  balanced("hash-query", '`balance: { hash: "{query.user}" }`', { hash: "{query.user}" }),
  feature({
    key: "sticky",
    name: "`sticky`, clients that have its cookie",
    script: fromCookie,
    without: onUpstream({}),
    with: onUpstream({ sticky: true }),
  }),
  feature({
    key: "sticky-new",
    name: "`sticky`, clients without it",
    without: onUpstream({}),
    with: onUpstream({ sticky: true }),
  }),
  feature({
    key: "slow-start",
    name: "`slow_start`, when it is over",
    without: onUpstream({}),
    with: onUpstream({ slow_start: "1s" }),
  }),
  feature({
    key: "split",
    name: "`split` in halves",
    without: onTwoUpstreams({ upstream: "one" }),
    with: onTwoUpstreams({ split: HALVES }),
  }),
  feature({
    key: "split-when",
    name: "`split` by a field",
    script: () => 'wrk.headers["X-Canary"] = "1"',
    without: onTwoUpstreams({ upstream: "one" }),
    with: onTwoUpstreams({
      split: [
        { upstream: "one", weight: 95 },
        { upstream: "two", weight: 5, when: { header: { "x-canary": "1" } } },
      ],
    }),
  }),
  feature({
    key: "split-sticky",
    name: "sticky `split`, clients that have its cookie",
    script: fromCookie,
    without: onTwoUpstreams({ upstream: "one" }),
    with: onTwoUpstreams({ split: HALVES, sticky: true }),
  }),
  ...[0, 10].map((percent) =>
    feature({
      key: `mirror-${percent}`,
      name: `\`mirror\` of ${percent} %`,
      without: onTwoUpstreams({ upstream: "one" }),
      with: onTwoUpstreams({
        upstream: "one",
        mirror: { upstream: "two", percent: `${percent}%` },
      }),
    }),
  ),
];

function balanced(key: string, name: string, balance: unknown): Feature {
  return feature({
    key,
    name,
    path: `${paths.small}?user=ada`,
    without: onUpstream({}),
    with: onUpstream({ balance }),
  });
}
