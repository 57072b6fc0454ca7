import { counter, histogram } from "./family.ts";

/** What is counted when an exchange is over. */
export const exchangeFamilies = {
  requests: counter(
    "gateway_requests_total",
    "Requests whose answer has ended, by route, method and status.",
    "route",
    "method",
    "status",
  ),
  duration: histogram(
    "gateway_request_duration_seconds",
    "Time from a request's arrival to the end of its answer, without connections that were upgraded.",
    "route",
  ),
  firstByte: histogram(
    "gateway_time_to_first_byte_seconds",
    "Time from a request's arrival to the header section of a backend's answer.",
    "route",
  ),
  bytesIn: counter("gateway_request_bytes_total", "Content bytes received from clients.", "route"),
  bytesOut: counter("gateway_response_bytes_total", "Content bytes sent to clients.", "route"),
  errors: counter(
    "gateway_request_errors_total",
    "Requests that ended in an error of the gateway's own, by its code and by who caused it.",
    "route",
    "reason",
    "source",
  ),
  rejections: counter(
    "gateway_rejections_total",
    "Requests that a policy refused, by the policy and the error's code.",
    "route",
    "policy",
    "reason",
  ),
  attempts: counter(
    "gateway_attempts_total",
    "Attempts at backends, by what came of them and, if they were answered, by the class of the status.",
    "route",
    "backend",
    "outcome",
    "class",
  ),
  attemptDuration: histogram(
    "gateway_attempt_duration_seconds",
    "Time from an attempt's start to the header section of its answer, or to its failure.",
    "route",
    "backend",
  ),
  retries: counter(
    "gateway_retries_total",
    "Attempts made because the one before failed, or was answered with a status of `retry.on`.",
    "route",
  ),
  hedges: counter(
    "gateway_hedges_total",
    "Attempts made because the one before took long (`hedge`).",
    "route",
  ),
  cache: counter(
    "gateway_cache_requests_total",
    "Requests of routes with a cache: hits, those that waited for another's answer, or why the backend was asked.",
    "route",
    "outcome",
  ),
  overflows: counter(
    "gateway_metrics_overflow_total",
    "Observations that were counted under _OTHER, because a metric has as many series as it may have.",
    "metric",
  ),
} as const;
