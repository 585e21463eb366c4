/** Etcd seen past our adapter: its JSON gateway, for preparing servers and for checking what they hold. */

export interface StoredEntry {
  readonly value: string;
  readonly revision: bigint;
}

/** Answers of `POST http://ENDPOINT/v3/PATH`; rejects with etcd's message. Keys and values in it are base64. */
export async function etcdApi(endpoint: string, path: string, body: unknown, token?: string): Promise<Record<string, unknown>> {
  const response = await fetch(`http://${endpoint}/v3/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: token === undefined ? {} : { authorization: token },
  });
  const answer = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

/** What etcd holds under a key. */
export async function stored(endpoint: string, key: string): Promise<StoredEntry | undefined> {
  const answer = (await etcdApi(endpoint, 'kv/range', { key: base64(key) })) as { kvs?: { value?: string; mod_revision: string }[] };
  const kv = answer.kvs?.[0];
  return kv === undefined ? undefined : { value: Buffer.from(kv.value ?? '', 'base64').toString(), revision: BigInt(kv.mod_revision) };
}

/** What etcd measures of itself: name with labels, as it prints them, to value. */
export async function metrics(endpoint: string): Promise<Map<string, number>> {
  const text = await (await fetch(`http://${endpoint}/metrics`)).text();
  return new Map([...text.matchAll(/^([^#\s].*) (\S+)$/gm)].map(([, name, value]) => [name as string, Number(value)]));
}

/** Requests of clients that etcd began to serve since it started, by method (`Txn`, `Range`, `Authenticate`, …). */
export async function requestsServed(endpoint: string): Promise<Map<string, number>> {
  const served = new Map<string, number>();
  for (const [name, value] of await metrics(endpoint)) {
    const method = /^grpc_server_started_total\{grpc_method="(\w+)",grpc_service="etcdserverpb/.exec(name)?.[1];
    if (method !== undefined) served.set(method, value);
  }
  return served;
}

/** Forgets history before `revision`. */
export async function compact(endpoint: string, revision: bigint): Promise<void> {
  await etcdApi(endpoint, 'kv/compaction', { revision: revision.toString(), physical: true });
}

/** Index into `endpoints` of the leader; rejects when they name none. */
export async function leaderIndex(endpoints: readonly string[]): Promise<number> {
  const states = await Promise.all(
    endpoints.map(async (endpoint) => {
      const answer = (await etcdApi(endpoint, 'maintenance/status', {})) as { header: { member_id: string }; leader: string };
      return { member: answer.header.member_id, leader: answer.leader };
    }),
  );
  const index = states.findIndex(({ member, leader }) => member === leader);
  if (index === -1) throw new Error(`no leader among ${endpoints.join(', ')}`);
  return index;
}

/** Turns authentication on: user `root`, and user `limited` who may touch what starts with `prefix`; passwords as given. */
export async function enableAuth(
  endpoint: string,
  { prefix, rootPassword, limitedPassword }: { readonly prefix: string; readonly rootPassword: string; readonly limitedPassword: string },
): Promise<void> {
  const last = prefix.length - 1;
  const end = prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
  await etcdApi(endpoint, 'auth/role/add', { name: 'root' });
  await etcdApi(endpoint, 'auth/user/add', { name: 'root', password: rootPassword });
  await etcdApi(endpoint, 'auth/user/grant', { user: 'root', role: 'root' });
  await etcdApi(endpoint, 'auth/role/add', { name: 'tenant' });
  const perm = { permType: 'READWRITE', key: base64(prefix), range_end: base64(end) };
  await etcdApi(endpoint, 'auth/role/grant', { name: 'tenant', perm });
  await etcdApi(endpoint, 'auth/user/add', { name: 'limited', password: limitedPassword });
  await etcdApi(endpoint, 'auth/user/grant', { user: 'limited', role: 'tenant' });
  await etcdApi(endpoint, 'auth/enable', {});
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
