/**
 * Whether a request is a preflight, by which a browser asks for permission to send another request: by the
 * method in Access-Control-Request-Method, with the fields that Access-Control-Request-Headers names, but
 * without their values (Fetch, CORS-preflight request). Any other OPTIONS request is for the backend.
 */
export function isPreflight(method: string, fields: { has(name: string): boolean }): boolean {
  return (
    method === "OPTIONS" && fields.has("origin") && fields.has("access-control-request-method")
  );
}
