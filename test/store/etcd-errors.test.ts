import { describe, expect, it } from 'vitest';
import { classify, loginWanted } from '../../src/store/etcd-errors.ts';

/** Texts as etcd 3.4, 3.5 and 3.6, gRPC, Node and bun give them. */
const UNSENT = '14 UNAVAILABLE: No connection established. Last error: ';
const CASES: readonly (readonly [text: string, code: string, applied: string, retry: string, seen: RegExp])[] = [
  [`${UNSENT}Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: `, 'store-unavailable', 'no', 'elsewhere', /nothing listens/],
  ['14 UNAVAILABLE: Name resolution failed for target dns:nowhere.invalid:2379', 'store-unavailable', 'no', 'elsewhere', /host name/],
  [
    `${UNSENT}Error: Client network socket disconnected before secure TLS connection was established. Resolution note: `,
    'store-unavailable',
    'no',
    'elsewhere',
    /does not speak TLS/,
  ],
  [`${UNSENT}Error: unable to verify the first certificate. Resolution note: `, 'store-unavailable', 'no', 'elsewhere', /signed by the CA/],
  [`${UNSENT}Error: self-signed certificate in certificate chain.`, 'store-unavailable', 'no', 'elsewhere', /signed by the CA/],
  [`${UNSENT}Error: certificate has expired. Resolution note: `, 'store-unavailable', 'no', 'elsewhere', /expired/],
  [
    `${UNSENT}Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: IP: 127.0.0.1 is not in the cert's list: .`,
    'store-unavailable',
    'no',
    'elsewhere',
    /another name/,
  ],
  [`${UNSENT}80:error:0A000412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate:`, 'store-auth', 'no', 'elsewhere', /client cert/],
  [`${UNSENT}80:error:0A00045C:SSL routines::tlsv13 alert certificate required:`, 'store-auth', 'no', 'elsewhere', /client certificate/],
  [`${UNSENT}Failed to connect (2026-11-21T13:42:26.400Z). Resolution note: `, 'store-unavailable', 'no', 'elsewhere', /closed the conn/],
  [
    `${UNSENT}Protocol error (2026-11-21T13:42:28.635Z). Resolution note: `,
    'store-unavailable',
    'no',
    'elsewhere',
    /closed the connection/,
  ],
  [`${UNSENT}Error: connect EHOSTUNREACH 10.0.0.1:2379. Resolution note: `, 'store-unavailable', 'no', 'elsewhere', /EHOSTUNREACH/],
  ['14 UNAVAILABLE: Received HTTP status code 504', 'store-unavailable', 'maybe', 'later', /504/],
  ['12 UNIMPLEMENTED: Received HTTP status code 404', 'store-unavailable', 'no', 'elsewhere', /not an etcd/],
  [
    '4 DEADLINE_EXCEEDED: Deadline exceeded after 2.003s,name resolution: 0.001s,Waiting for LB pick',
    'store-unavailable',
    'no',
    'elsewhere',
    /attempt to connect/,
  ],
  ['14 UNAVAILABLE: Channel closed before call started', 'store-unavailable', 'no', 'later', /before the request was sent/],
  ['14 UNAVAILABLE: Stream refused by server', 'store-unavailable', 'no', 'later', /before the request was sent/],
  ['14 UNAVAILABLE: etcdserver: no leader', 'store-unavailable', 'no', 'later', /no leader/],
  ['2 UNKNOWN: etcdserver: too many requests', 'store-unavailable', 'no', 'later', /overloaded/],
  ['3 INVALID_ARGUMENT: etcdserver: authentication failed, invalid user ID or password', 'store-auth', 'no', 'never', /password is wrong/],
  ['3 INVALID_ARGUMENT: etcdserver: user name is empty', 'store-auth', 'no', 'never', /login/],
  ['7 PERMISSION_DENIED: etcdserver: permission denied', 'store-permission', 'no', 'never', /may not touch/],
  ['rpc error: code = PermissionDenied desc = etcdserver: permission denied', 'store-permission', 'no', 'never', /may not touch/],
  ['8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded', 'store-full', 'no', 'never', /NOSPACE/],
  ['3 INVALID_ARGUMENT: etcdserver: request is too large', 'too-large', 'no', 'never', /size/],
  ['3 INVALID_ARGUMENT: etcdserver: too many operations in txn request', 'too-large', 'no', 'never', /size/],
  ['8 RESOURCE_EXHAUSTED: grpc: received message larger than max (2104857 vs. 2097152)', 'too-large', 'no', 'never', /size/],
  ['11 OUT_OF_RANGE: etcdserver: mvcc: required revision has been compacted', 'revision-compacted', 'no', 'never', /compacted/],
  ['11 OUT_OF_RANGE: etcdserver: mvcc: required revision is a future revision', 'store-foreign', 'no', 'never', /future/],
  ['8 RESOURCE_EXHAUSTED: Received message larger than max (30970031 vs 4194304)', 'too-large', 'maybe', 'never', /answer/],
  ['4 DEADLINE_EXCEEDED: Deadline exceeded after 1.001s,remote_addr=127.0.0.1:2379', 'store-unavailable', 'maybe', 'later', /in time/],
  ['2 UNKNOWN: context deadline exceeded', 'store-unavailable', 'maybe', 'later', /did not agree/],
  ['14 UNAVAILABLE: Connection dropped', 'store-unavailable', 'maybe', 'later', /connection broke/],
  ['14 UNAVAILABLE: read ECONNRESET', 'store-unavailable', 'maybe', 'later', /connection broke/],
  [
    '14 UNAVAILABLE: etcdserver: request timed out, possibly due to previous leader failure',
    'store-unavailable',
    'maybe',
    'later',
    /agree/,
  ],
  ['14 UNAVAILABLE: etcdserver: leader changed', 'store-unavailable', 'maybe', 'later', /agree/],
  // Over HTTP/1.1.
  ['connect ECONNREFUSED 127.0.0.1:1', 'store-unavailable', 'no', 'elsewhere', /nothing listens/],
  ['connect EHOSTUNREACH 10.0.0.1:2379', 'store-unavailable', 'no', 'elsewhere', /EHOSTUNREACH/],
  ['getaddrinfo ENOTFOUND nowhere.invalid', 'store-unavailable', 'no', 'elsewhere', /host name/],
  ['no connection was made: DEADLINE_EXCEEDED', 'store-unavailable', 'no', 'elsewhere', /attempt to connect/],
  ['ECONNREFUSED: Unable to connect. Is the computer able to access the url?', 'store-unavailable', 'no', 'elsewhere', /nothing listens/],
  ['FailedToOpenSocket: Was there a typo in the url or port?', 'store-unavailable', 'no', 'elsewhere', /no connection/],
  ['EPROTO: The TLS handshake failed. Does the server speak TLS on this port?', 'store-auth', 'no', 'elsewhere', /client certificate/],
  ['UNIMPLEMENTED: no JSON gateway there (HTTP status 404)', 'store-unavailable', 'no', 'elsewhere', /not an etcd/],
  ['UNIMPLEMENTED: HTTP status 401', 'store-unavailable', 'no', 'elsewhere', /not an etcd/],
  ['UNAVAILABLE: HTTP status 502', 'store-unavailable', 'maybe', 'later', /502/],
  ['not an answer of etcd: {"hello":"world"}', 'store-unavailable', 'maybe', 'elsewhere', /not an etcd/],
  ['closed before the first answer: socket hang up (ECONNRESET)', 'store-unavailable', 'maybe', 'elsewhere', /closed the connection/],
  ['gateway without etcd: 14 UNAVAILABLE: connection closed', 'store-unavailable', 'maybe', 'elsewhere', /its own etcd/],
  ['socket hang up (ECONNRESET)', 'store-unavailable', 'maybe', 'later', /connection broke/],
  ['DEADLINE_EXCEEDED: no answer', 'store-unavailable', 'maybe', 'later', /in time/],
  ['13 INTERNAL: something nobody has seen yet', 'store-unavailable', 'maybe', 'later', /^something nobody has seen yet$/],
];

describe('classify', () => {
  it.each(CASES)('%s', (message, code, applied, retry, seen) => {
    const failure = classify(new Error(message));
    expect(failure).toMatchObject({ code, applied, retry });
    expect(failure.seen).toMatch(seen);
    expect(failure.advice).not.toBe('');
  });
});

describe('loginWanted', () => {
  it('follows what etcd says about its authentication', () => {
    expect(loginWanted(new Error('9 FAILED_PRECONDITION: etcdserver: authentication is not enabled'))).toBe(false);
    expect(loginWanted(new Error('3 INVALID_ARGUMENT: etcdserver: user name is empty'))).toBe(true);
    expect(loginWanted(new Error('14 UNAVAILABLE: Connection dropped'))).toBeUndefined();
  });
});
