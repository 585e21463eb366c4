/** Stored texts through the codec: one record of each kind at a fixed key. */
import type { RecordOf, Ref } from '../../src/core/records.ts';
import { decode, encode, type RecordKind } from '../../src/store/codec.ts';
import { cidr } from './records.ts';

export type RefTo<K extends RecordKind> = Ref & { readonly kind: K };

export const REFS = {
  block: { kind: 'block', cidr: cidr('10.0.0.0/30') },
  affinity: { kind: 'affinity', owner: { type: 'host', name: 'a' }, cidr: cidr('10.0.0.0/30') },
  handle: { kind: 'handle', id: 'h' },
  config: { kind: 'config' },
  pool: { kind: 'pool', name: 'p' },
  reservation: { kind: 'reservation', name: 'r' },
  node: { kind: 'node', name: 'n' },
  hostMarker: { kind: 'hostMarker', host: 'a' },
  mark: { kind: 'mark', mark: 'released', id: 'h' },
  network: { kind: 'network', name: 'n' },
} as const satisfies { [K in RecordKind]: RefTo<K> };

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function read<K extends RecordKind>(ref: RefTo<K>, text: string): RecordOf[K] {
  const decoded = decode<K>(ref, bytesOf(text));
  if (decoded.kind === 'corrupt') throw new Error(`${decoded.reason}: ${text}`);
  return decoded.record;
}

/** What a rewrite of `text` without any change stores. */
export function rewritten(ref: Ref, text: string): string {
  return new TextDecoder().decode(encode(ref, read(ref, text)));
}

/** Why `text` is corrupt. */
export function reasonOf(ref: Ref, text: string): string {
  const decoded = decode(ref, bytesOf(text));
  return decoded.kind === 'corrupt' ? decoded.reason : `ok, though corrupt: ${text}`;
}
