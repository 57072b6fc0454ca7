import { expect, test } from "bun:test";
import { userIn, userOfPeer } from "../../../src/server/admin/peer-user.ts";
import { hasProc } from "../../support/proc.ts";

// As Linux writes it: 127.0.0.1:40000 to 127.0.0.1:8080 belongs to user 33, the way back to user 0.
const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 61375 1 000000005aa55762 100 0 0 10 0
   1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 61376 1 000000005aa55763 20 4 30 10 -1
  12: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 02:00000A2B 00000000    33        0 61377 2 000000005aa55764 20 4 30 10 -1
`;

test("a socket's user is found by the ports at its two ends", () => {
  expect(userIn(TABLE, 40_000, 8080)).toBe(33);
  expect(userIn(TABLE, 8080, 40_000)).toBe(0);
});

test("a socket that is not there has no known user", () => {
  expect(userIn(TABLE, 40_001, 8080)).toBeUndefined();
  expect(userIn("", 40_000, 8080)).toBeUndefined();
});

test.skipIf(!hasProc)("a connection from this process is its user's", async () => {
  let user: number | undefined;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request, server) {
      user = userOfPeer(server.requestIP(request)?.port ?? 0, server.port ?? 0);
      return new Response();
    },
  });
  await fetch(server.url);
  await server.stop(true);
  expect(user).toBe(process.geteuid!());
});
