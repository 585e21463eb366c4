/** Values of the store port as JSON, for processes that share no other form: Node and bun. */
type Tagged = { readonly $: 'bigint' | 'bytes' | 'error'; readonly text: string } | { readonly $: 'map'; readonly entries: unknown[] };

export function asJson(value: unknown): unknown {
  if (typeof value === 'bigint') return { $: 'bigint', text: value.toString() } satisfies Tagged;
  if (value instanceof Uint8Array) return { $: 'bytes', text: Buffer.from(value).toString('base64') } satisfies Tagged;
  if (value instanceof Map) return { $: 'map', entries: [...value].map(asJson) } satisfies Tagged;
  if (value instanceof Error) return { $: 'error', text: value.message } satisfies Tagged;
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value === 'object' && value !== null) return mapped(value, asJson);
  return value;
}

export function fromJson(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(fromJson);
  if (typeof json !== 'object' || json === null) return json;
  if (!('$' in json)) return mapped(json, fromJson);
  const tagged = json as Tagged;
  switch (tagged.$) {
    case 'bigint':
      return BigInt(tagged.text);
    case 'bytes':
      return new Uint8Array(Buffer.from(tagged.text, 'base64'));
    case 'error':
      return new Error(tagged.text);
    case 'map':
      return new Map(tagged.entries.map(fromJson) as [unknown, unknown][]);
  }
}

function mapped(value: object, change: (member: unknown) => unknown): object {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, change(member)]));
}
