// A backend in a process of its own, which can be killed and started again on its port. It writes a
// line to a file for each POST before it answers:
//
//   bun counting-backend.ts PORT FILE
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const [port = "0", file = ""] = process.argv.slice(2);

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    const id = new URL(request.url ?? "/", "http://backend").searchParams.get("id");
    if (request.method === "POST") appendFileSync(file, `${id}\n`);
    // So that there are always some requests on their way.
    setTimeout(() => response.end(`${id}`), request.url === "/health" ? 0 : 3);
  });
});
process.on("SIGTERM", () => {
  // New connections are refused while the last requests are answered.
  server.close();
  setTimeout(() => process.exit(0), 50);
});
server.listen(Number(port), "127.0.0.1", () => {
  process.stdout.write(`listening on ${(server.address() as AddressInfo).port}\n`);
});
