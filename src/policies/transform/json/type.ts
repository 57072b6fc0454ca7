/** Types of content that end in +json and are streams of messages, not one JSON text. */
const STREAMS = /^application\/(?:grpc(?:-web)?|stream|x-ndjson)\+json$/;
const JSON_TYPE = /^[!#$%&'*+.^_`|~0-9a-z-]+\/(?:json|[!#$%&'*+.^_`|~0-9a-z-]+\+json)$/;

/** Whether a Content-Type field says that the content is one JSON text (RFC 6839 section 3.1). */
export function isJsonType(contentType: string | null): boolean {
  if (contentType === null) return false;
  const [type = "", ...parameters] = contentType.toLowerCase().split(";");
  const written = type.trim();
  if (!JSON_TYPE.test(written) || STREAMS.test(written)) return false;
  // Kubernetes marks its endless streams so.
  return !parameters.some((parameter) => parameter.trim().startsWith("stream="));
}
