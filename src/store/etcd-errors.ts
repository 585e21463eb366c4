/** What the errors of etcd, gRPC, HTTP and TLS mean. etcd3 drops gRPC's status code: the text is all there is to go by. */
import type { StoreErrorCode } from './port.ts';

export interface Failure {
  readonly code: StoreErrorCode;
  /** `no`: the request surely changed nothing and never will. `maybe`: it was sent, and nobody knows. */
  readonly applied: 'no' | 'maybe';
  /** Where the request has a chance, if it may be sent again: nowhere, at another endpoint, or anywhere a moment later. */
  readonly retry: 'never' | 'elsewhere' | 'later';
  /** What was seen, for a person. */
  readonly seen: string;
  /** What a person can do about it. */
  readonly advice: string;
}

/** The meaning of an error from a transport; what no rule knows counts as sent, with an unknown outcome. */
export function classify(error: Error): Failure {
  const text = error.message;
  const rule = RULES.find(({ match }) => match.test(text));
  const { code, applied, retry } = rule ?? AMBIGUOUS;
  return { code, applied, retry, seen: rule?.seen ?? plainText(text), advice: rule?.advice ?? CHECK_SERVER };
}

/** Etcd refuses a login while its authentication is off, and calls without one while it is on. */
export function loginWanted(error: Error): boolean | undefined {
  if (/authentication is not enabled/.test(error.message)) return false;
  if (/user name is empty/.test(error.message)) return true;
  return undefined;
}

const CHECK_SERVER = "Look at etcd's log and at `etcdctl endpoint status`.";
const CHECK_ADDRESS = "Start etcd there, or correct host and port (an etcd's client port is 2379 unless configured otherwise).";

const CHECK_PORT =
  'If etcd wants TLS, use etcds:// or give its CA (ETCD_CA_CERT_FILE) and a client certificate; where TLS is used already, perhaps it does not speak TLS; else check that this is its client port.';

const NOT_SENT = { code: 'store-unavailable', applied: 'no', retry: 'elsewhere' } as const;
const NOT_NOW = { code: 'store-unavailable', applied: 'no', retry: 'later' } as const;
const AMBIGUOUS = { code: 'store-unavailable', applied: 'maybe', retry: 'later' } as const;
const REFUSED = { applied: 'no', retry: 'never' } as const;

interface Rule extends Omit<Failure, 'seen'> {
  readonly match: RegExp;
  /** When absent, the error's own text. */
  readonly seen?: string;
}

/** The first match counts: causes first, then the general texts that wrap them. */
const RULES: readonly Rule[] = [
  // TLS and TCP, before anything was sent.
  { ...NOT_SENT, match: /ECONNREFUSED/, seen: 'nothing listens there (connection refused)', advice: CHECK_ADDRESS },
  {
    ...NOT_SENT,
    match: /Name resolution failed|ENOTFOUND|EAI_AGAIN/,
    seen: 'the host name is unknown',
    advice: 'Correct the host name, or the name service.',
  },
  {
    ...NOT_SENT,
    match: /before secure TLS connection was established|wrong version number/i,
    seen: 'the server does not speak TLS',
    advice: 'Use etcd:// and no TLS files (ETCD_CA_CERT_FILE, ETCD_CERT_FILE, ETCD_KEY_FILE), or turn TLS on in etcd.',
  },
  {
    ...NOT_SENT,
    match: /unable to verify the first certificate|self[- ]signed certificate|unable to get (local )?issuer/i,
    seen: "the server's certificate is not signed by the CA we trust",
    advice: "Give the certificate of the CA that signed it (ETCD_CA_CERT_FILE); etcd's own is the one of --cert-file.",
  },
  {
    ...NOT_SENT,
    match: /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames/,
    seen: "the server's certificate is for another name",
    advice: 'Use a host name or address that the certificate lists as subject alternative name.',
  },
  {
    ...NOT_SENT,
    match: /certificate has expired|certificate is not yet valid/,
    seen: "the server's certificate is expired or not yet valid",
    advice: 'Renew it, or set the clock of this machine.',
  },
  {
    ...NOT_SENT,
    code: 'store-auth',
    match: /alert (bad certificate|certificate required|unknown ca|certificate expired|unsupported certificate)/,
    seen: 'the server refuses our client certificate, or wants one and got none',
    advice: 'Give a certificate and key signed by the CA that etcd trusts (ETCD_CERT_FILE, ETCD_KEY_FILE).',
  },
  // Bun's words; it tells no more.
  {
    ...NOT_SENT,
    match: /The TLS handshake failed/,
    code: 'store-auth',
    seen: 'the TLS handshake failed: the server refuses our client certificate or wants one, or does not speak TLS',
    advice: 'Give a certificate and key signed by the CA that etcd trusts (ETCD_CERT_FILE, ETCD_KEY_FILE), or use etcd:// without TLS.',
  },
  {
    ...NOT_SENT,
    match: /FailedToOpenSocket/,
    seen: 'no connection could be opened',
    advice: `The TLS files may not belong together (ETCD_CERT_FILE, ETCD_KEY_FILE). ${CHECK_ADDRESS}`,
  },
  {
    ...NOT_SENT,
    match: /Last error: (Failed to connect|Protocol error|.*ECONNRESET)/,
    seen: 'the server closed the connection at once',
    advice: CHECK_PORT,
  },
  {
    ...NOT_SENT,
    match: /UNIMPLEMENTED/,
    seen: 'something answers there, but it is not an etcd of version 3',
    advice: CHECK_ADDRESS,
  },
  { ...NOT_SENT, match: /No connection established|^connect E/, advice: CHECK_ADDRESS },
  {
    ...NOT_SENT,
    match: /Waiting for LB pick|^no connection was made/,
    seen: 'no answer to the attempt to connect',
    advice: 'Check host, port and firewalls; the server may hang.',
  },
  {
    ...NOT_NOW,
    match: /Channel closed before call started|client was already closed|Failed to start HTTP\/2 stream|Stream refused by server/,
    seen: 'the connection was closed before the request was sent',
    advice: CHECK_SERVER,
  },
  // Answers of etcd that say: nothing was done.
  {
    ...NOT_NOW,
    match: /etcdserver: no leader/,
    seen: 'the cluster has no leader',
    advice: `Most members must be up and reach each other. ${CHECK_SERVER}`,
  },
  { ...NOT_NOW, match: /etcdserver: too many requests/, seen: 'etcd is overloaded', advice: CHECK_SERVER },
  { ...NOT_NOW, match: /auth store is old/, seen: 'users or roles changed meanwhile', advice: 'Try again.' },
  { ...NOT_SENT, match: /not supported for learner/, seen: 'the member is a learner', advice: 'Use the endpoints of voting members.' },
  {
    ...REFUSED,
    code: 'store-auth',
    match: /authentication failed, invalid user ID or password/,
    seen: 'user or password is wrong',
    advice: 'Correct the user and the password (ETCD_USERNAME, ETCD_PASSWORD).',
  },
  {
    ...REFUSED,
    code: 'store-auth',
    match: /user name is empty|invalid auth token|UNAUTHENTICATED/,
    seen: 'etcd wants a login',
    advice: 'Give a user and a password (ETCD_USERNAME, ETCD_PASSWORD), or a client certificate whose common name is the user.',
  },
  {
    ...REFUSED,
    code: 'store-auth',
    match: /authentication is not enabled/,
    seen: 'etcd knows no users, its authentication is off',
    advice: 'Leave out user and password.',
  },
  {
    ...REFUSED,
    code: 'store-permission',
    match: /permission denied/i,
    seen: 'the user may not touch one of these keys',
    advice: 'Grant its role the prefix: `etcdctl role grant-permission ROLE readwrite PREFIX --prefix=true`.',
  },
  {
    ...REFUSED,
    code: 'store-full',
    match: /database space exceeded|etcdserver: no space/,
    seen: "etcd's database reached its quota (alarm NOSPACE)",
    advice: 'In this order: `etcdctl compact REVISION`, `etcdctl defrag`, `etcdctl alarm disarm`; or raise --quota-backend-bytes.',
  },
  {
    ...REFUSED,
    code: 'too-large',
    match: /request is too large|too many operations in txn|grpc: received message larger than max/,
    seen: 'etcd takes no request of this size',
    advice: 'Ask for less at once, or raise --max-request-bytes and --max-txn-ops.',
  },
  {
    ...REFUSED,
    code: 'revision-compacted',
    match: /required revision has been compacted/,
    seen: 'the revision asked for is compacted',
    advice: 'Read at the newest revision.',
  },
  {
    ...REFUSED,
    code: 'store-foreign',
    match: /required revision is a future revision/,
    seen: 'the revision asked for lies in the future of this store',
    advice: 'Was it restored from an older backup, or is it another cluster? List again.',
  },
  {
    ...REFUSED,
    code: 'store-unavailable',
    match: /etcdserver: corrupt/,
    seen: 'etcd found its data corrupt',
    advice: 'See `etcdctl alarm list` and its log.',
  },
  // Sent; whether it was done is not known.
  {
    ...AMBIGUOUS,
    retry: 'elsewhere',
    match: /^not an answer of etcd/,
    seen: 'something answers there, but it is not an etcd of version 3',
    advice: CHECK_ADDRESS,
  },
  {
    ...AMBIGUOUS,
    retry: 'elsewhere',
    match: /^gateway without etcd/,
    seen: "etcd's JSON gateway does not reach its own etcd",
    advice: CHECK_SERVER,
  },
  {
    ...AMBIGUOUS,
    retry: 'elsewhere',
    match: /^closed before the first answer/,
    seen: 'the server closed the connection at once',
    advice: CHECK_PORT,
  },
  {
    ...AMBIGUOUS,
    code: 'too-large',
    retry: 'never',
    match: /Received message larger than max/,
    seen: 'the answer is larger than this client takes',
    advice: 'List in pages.',
  },
  { ...AMBIGUOUS, match: /DEADLINE_EXCEEDED/, seen: 'no answer in time', advice: `The server may hang or be overloaded. ${CHECK_SERVER}` },
  {
    ...AMBIGUOUS,
    match: /Connection dropped|ECONNRESET|EPIPE|Received RST_STREAM/,
    seen: 'the connection broke before the answer came',
    advice: CHECK_SERVER,
  },
  {
    ...AMBIGUOUS,
    match: /request timed out|context deadline exceeded|leader changed/,
    seen: 'the members did not agree in time',
    advice: `Was a leader lost? ${CHECK_SERVER}`,
  },
];

/** gRPC's text without its wrapping. */
function plainText(text: string): string {
  return text
    .replace(/^\d+ [A-Z_]+: /, '')
    .replace(/ Resolution note:\s*$/, '')
    .trim();
}
