import { type Context, check, same, section } from "../case.ts";

/** The client's identity at the backend, if no proxy in front is trusted. */
export const identity = section("identity", [
  [
    "the backend gets the client's address",
    "choice: X-Forwarded-For",
    async (context) => {
      const head = await sent(context, []);
      check(/127\.0\.0\.1/.test(head.joined("x-forwarded-for")), "no X-Forwarded-For");
    },
  ],
  ...["X-Forwarded-For: 6.6.6.6", "X-Real-IP: 6.6.6.6", "Forwarded: for=6.6.6.6"].map((field) => {
    const name = field.slice(0, field.indexOf(":"));
    return [
      `a ${name} that the client made up does not reach the backend`,
      "choice: nobody is trusted",
      async (context: Context) => {
        const head = await sent(context, [field]);
        check(!head.joined(name).includes("6.6.6.6"), `${name}: ${head.joined(name)}`);
      },
    ] as const;
  }),
  [
    "X-Forwarded-For in several fields does not reach the backend either",
    "choice: nobody is trusted",
    async (context) => {
      const head = await sent(context, ["X-Forwarded-For: 6.6.6.6", "x-forwarded-for: 7.7.7.7"]);
      check(!/6\.6|7\.7/.test(head.joined("x-forwarded-for")), head.joined("x-forwarded-for"));
    },
  ],
  [
    "an X-Forwarded-Proto that the client made up does not reach the backend",
    "choice: nobody is trusted",
    async (context) => {
      const { scheme } = context;
      const head = await sent(context, [
        `X-Forwarded-Proto: ${scheme === "http" ? "https" : "http"}`,
      ]);
      same(head.all("x-forwarded-proto"), [scheme], "X-Forwarded-Proto");
    },
  ],
  [
    "an X-Forwarded-Host that the client made up does not reach the backend",
    "choice: nobody is trusted",
    async (context) => {
      const head = await sent(context, ["X-Forwarded-Host: evil.test"]);
      check(!head.joined("x-forwarded-host").includes("evil"), head.joined("x-forwarded-host"));
    },
  ],
  [
    "an identity field under a lookalike name does not pass for the proxy's own",
    "choice: X_Forwarded_For is X-Forwarded-For to CGI",
    async (context) => {
      const fields = ["X_Forwarded_For: 6.6.6.6", "X_Real_IP: 6.6.6.6"];
      await context.ask({ fields });
      const heads = context.backend.requests.map(({ head }) => head.text);
      check(!heads.some((text) => text.includes("6.6.6.6")), "it reached the backend");
    },
  ],
]);

async function sent({ ask, backend }: Context, fields: readonly string[]) {
  const { status } = await ask({ fields });
  const [seen] = backend.requests;
  if (seen === undefined) throw new Error(`answered ${status}`);
  return seen.head;
}
