import type { ForeignKeys } from "./foreign-keys.ts";

const TOP = "";
const ROUTE = "routes";

/** Keys of the server, and names for its parts; at the top level and in `server`. */
export const foreignInServer: readonly ForeignKeys[] = [
  // Where the gateway listens.
  {
    below: [TOP, "server"],
    keys: "listen listener listeners bind address addr entry_points entrypoint frontend frontends hostname interface ports http_port",
    answer: "the gateway listens on `server.host` and `server.port`",
  },
  { below: [TOP], keys: "host", answer: "the address to listen on is `server.host`" },
  {
    below: [TOP],
    keys: "tls ssl https tls_context",
    answer:
      "TLS for clients is `tls` of `server`, like `tls: { certificates: [{ certificate: a.pem, key: a.key }] }`",
  },
  {
    below: ["server"],
    keys: "ssl https tls_context https_port ssl_port",
    answer:
      "TLS for clients is `server.tls`, like `tls: { certificates: [{ certificate: a.pem, key: a.key }] }`",
  },
  {
    below: [TOP, "server"],
    keys: "cert certs certificate certificates ssl_certificate ssl_certificate_key key",
    answer:
      "a certificate and its key are an item of `server.tls.certificates`, like `- { certificate: a.pem, key: a.key }`",
  },
  {
    below: [TOP, "server"],
    keys: "min_version ssl_protocols tls_min_version",
    answer: "the oldest version of TLS is `server.tls.min_version`",
  },
  {
    below: [TOP, "server"],
    keys: "client_certificates",
    answer: "that is `server.tls.client_certificates`, like `client_certificates: { ca: ca.pem }`",
  },
  {
    below: [TOP, "server", "server.tls"],
    keys: "ca mtls client_ca client_auth client_cert client_certificate ssl_client_certificate ssl_verify_client verify_client",
    answer:
      "clients are asked for certificates by `server.tls.client_certificates`, like `client_certificates: { ca: ca.pem }`",
  },
  {
    below: [TOP, "server"],
    keys: "acme",
    answer:
      "certificates from an issuer are `server.tls.acme`, like `acme: { domains: [api.example.com] }`",
  },
  {
    below: [TOP, "server", "server.tls"],
    keys: "autocert letsencrypt lets_encrypt auto_https cert_resolver certificates_resolvers certbot auto_tls",
    answer:
      "certificates from an issuer are `server.tls.acme`, like `acme: { domains: [api.example.com] }`",
  },
  {
    below: ["server.tls"],
    keys: "cert certificate key cert_file key_file ssl_certificate ssl_certificate_key",
    answer:
      "a certificate and its key are an item of `certificates`, like `- { certificate: a.pem, key: a.key }`",
  },
  {
    below: ["server.tls"],
    keys: "ssl_protocols protocols versions tls_min_version min_protocol",
    answer: "the oldest version is `min_version`",
  },
  {
    below: ["server.tls"],
    keys: "redirect_http force_https https_redirect http_redirect",
    answer: "that is `redirect: true`",
  },
  {
    below: ["server.tls"],
    keys: "http2 alpn alpn_protocols",
    answer: "HTTP/2 is offered to clients unless `server.http2` is false",
  },
  {
    below: ["server.tls"],
    keys: "ciphers cipher_suites ssl_ciphers ssl_prefer_server_ciphers curves curve_preferences",
    answer: "ciphers cannot be chosen; all that are accepted have forward secrecy",
  },
  {
    below: [TOP, "server", "server.tls"],
    keys: "hsts strict_transport_security",
    answer:
      "that is `hsts` of `security_headers`, at the top or in a route, like `security_headers: { hsts: 365d }`",
  },
  {
    below: ["server.tls.acme"],
    keys: "ca server issuer ca_server acme_server staging",
    answer: "the issuer is `directory`, the URL of its ACME directory; by default Let's Encrypt",
  },
  {
    below: ["server.tls.acme"],
    keys: "challenge challenges challenge_type http_challenge tls_challenge http01 tls_alpn",
    answer: "HTTP-01 and TLS-ALPN-01 are used by themselves; leave it out",
  },
  {
    below: ["server.tls.acme"],
    keys: "dns_challenge dns dns_provider dns01",
    answer: "DNS-01 is not supported; HTTP-01 and TLS-ALPN-01 are used by themselves",
  },
  {
    below: ["server.tls.acme"],
    keys: "agree_tos accept_tos terms_of_service agreed tos",
    answer: "by naming an issuer you agree to its terms of service; leave it out",
  },
  {
    below: ["server.tls.certificates"],
    keys: "cert cert_file crt chain fullchain certificate_file pem",
    answer: "that is `certificate`",
  },
  {
    below: ["server.tls.certificates"],
    keys: "key_file private_key privkey certificate_key",
    answer: "that is `key`",
  },
  {
    below: [TOP],
    keys: "http2",
    answer: "it belongs under `server`",
  },
  {
    below: [TOP, "server"],
    keys: "h2 h2c http3 quic protocols enable_http2 http2_enabled",
    answer: "clients may use HTTP/1.1 and, unless `server.http2` is false, HTTP/2",
  },
  {
    below: [TOP, "server"],
    keys: "real_ip set_real_ip_from real_ip_header real_ip_from trusted_ips forwarded_headers proxies trust_proxy xff_num_trusted_hops",
    answer: "proxies whose X-Forwarded-* fields are trusted are listed in `server.trusted_proxies`",
  },
  {
    below: [TOP, "server"],
    keys: "workers worker worker_processes worker_threads threads nbthread nbproc cluster_mode events processes",
    answer: "the gateway runs in one process; there is nothing to set yet",
  },
  {
    below: [TOP, "server"],
    keys: "worker_connections maxconn max_conns connection_limit max_downstream_connections server_limit",
    answer:
      "the limit on client connections is `server.max_connections`, the one on requests in flight is `server.max_in_flight`",
  },
  {
    below: [TOP, "server"],
    keys: "max_requests max_request_workers max_clients max_concurrent_streams",
    answer: "the limit on requests in flight is `server.max_in_flight`",
  },
  {
    below: [TOP, "server"],
    keys: "limit_conn limit_conn_zone max_connections_per_ip connections_per_client connections_per_ip conn_rate max_connections_per_source_ip",
    answer: "the limit on the connections of one client is `server.max_connections_per_client`",
  },
  {
    below: [TOP, "server"],
    keys: "keepalive keepalive_timeout keep_alive_time keepalive_time timeout_http_keep_alive http_keep_alive max_idle_time",
    answer: "idle client connections are closed after `server.keep_alive_timeout`",
  },
  {
    below: [TOP, "server"],
    keys: "accept_proxy send_proxy send_proxy_v2 proxy_proto accept_proxy_protocol use_proxy_protocol enable_proxy_protocol proxy_protocol_v1 proxy_protocol_v2 listener_wrappers",
    answer:
      "proxies whose connections begin with the PROXY protocol are listed in `server.proxy_protocol`",
  },
  {
    below: [ROUTE],
    keys: "send_proxy send_proxy_v2 proxy_protocol",
    answer:
      "the gateway does not send the PROXY protocol to backends; they get the client's address in X-Forwarded-For",
  },
  {
    below: [TOP, "server"],
    keys: "keepalive_requests idle_conns max_idle_conns",
    answer: "connections are kept open and reused automatically; there is nothing to set yet",
  },
  {
    below: [ROUTE],
    keys: "keepalive keepalive_timeout keepalive_requests idle_conns max_idle_conns",
    answer: "connections are kept open and reused automatically; there is nothing to set yet",
  },
  {
    below: [TOP, "server"],
    keys: "client_max_body_size max_request_body_size request_body_limit body_limit limit_request_body max_body",
    answer: "the largest request body is `server.max_body_size`",
  },
  {
    below: [TOP, "server"],
    keys: "connect_timeout proxy_connect_timeout timeout_connect dial_timeout",
    answer: "that is `connect_timeout` of an upstream or a route, or of `defaults` for all of them",
  },
  {
    below: [TOP, "server"],
    keys: "timeout client_body_timeout proxy_read_timeout proxy_send_timeout send_timeout responding_timeouts forwarding_timeouts",
    answer: "timeouts are `server.timeouts.request`, `response`, `idle` and `exchange`",
  },
  {
    below: [TOP],
    keys: "max_body_size max_in_flight",
    answer: "it belongs under `server`, for all routes",
  },
  {
    below: [TOP, "server"],
    keys: "path methods method balance upgrades protocol",
    answer: "it belongs to each entry of `routes`",
  },
  {
    below: [TOP],
    keys: "read_timeout write_timeout idle_timeout exchange_timeout timeouts",
    answer: "timeouts are `server.timeouts.request`, `response`, `idle` and `exchange`",
  },
  {
    below: [TOP, "server"],
    keys: "read_header_timeout client_header_timeout request_read_timeout timeout_http_request http_request_timeout request_headers_timeout",
    answer: "the time limit on a request's header section is `server.header_timeout`",
  },
  {
    below: [TOP, "server"],
    keys: "max_header_bytes max_headers max_request_headers_kb large_client_header_buffers client_header_buffer_size limit_request_fields limit_request_field_size limit_request_line header_limit",
    answer: "the largest header section of a request is `server.max_header_size`",
  },
  // Other names for routes and backends.
  {
    below: [TOP, "server"],
    keys: "upstream service services cluster clusters targets nodes pools backend service_endpoints load_balancers",
    answer: "named pools of backends are `upstreams`, which routes refer to by `upstream`",
  },
  {
    below: [TOP],
    keys: "servers sites virtual_hosts vhosts",
    answer: "there is one `server`; `routes` have the paths and their `backends`",
  },
  {
    below: [TOP, "server"],
    keys: "location locations endpoints apis api api_endpoints routers router pipelines paths handle route_config rules ingress",
    answer: "each is an entry of `routes`, with a `path` and its `backends`",
    means: "routes",
  },
  {
    below: [TOP],
    keys: "http tcp udp stream",
    answer:
      "there is no such level here: `server` is the port, `routes` have the paths and their `backends`",
    means: "routes",
  },
  {
    below: [TOP, "server"],
    keys: "server_name server_names hosts domain domains host_name",
    answer: "routes are matched by `hosts`, each by its own",
  },
  {
    below: [TOP],
    keys: "include includes import imports files providers",
    answer: "there are no included files yet; the whole configuration is one file",
  },
  {
    below: [TOP],
    keys: "default global globals common templates",
    answer: "what all routes have in common is `defaults`, with the keys of a route",
  },
  {
    below: [TOP],
    keys: "version $schema format_version schema_version",
    answer: "a configuration has no version and names no schema; leave it out",
  },
];
