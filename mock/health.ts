import { type Call, answerJson } from "./call.ts";
import type { Route } from "./router.ts";

/** Health, and the switches that change it. Latency and fail rate leave these paths alone. */
export function healthRoutes(): Route[] {
  let healthy = true;
  const answer = (call: Call, status: number) =>
    answerJson(call, status, {
      status: healthy ? "healthy" : "unhealthy",
      server: call.server,
    });
  const turn = (to: boolean) => (call: Call) => {
    healthy = to;
    answer(call, 200);
  };
  return [
    {
      path: "/health",
      about: "200 while healthy, 503 while not; never delayed or failed by the mock's own options.",
      on: { GET: (call) => answer(call, healthy ? 200 : 503) },
    },
    {
      path: "/health/down",
      about: "From now on /health answers 503.",
      on: { POST: turn(false) },
    },
    {
      path: "/health/up",
      about: "From now on /health answers 200.",
      on: { POST: turn(true) },
    },
  ];
}

/** Whether a path is one of the health routes'. */
export function isHealthPath(path: string): boolean {
  return path === "/health" || path === "/health/down" || path === "/health/up";
}
