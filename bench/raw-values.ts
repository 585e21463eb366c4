/** What raw transactions write. */
import { parseCidrMasked } from '../src/core/addr.ts';
import { encode } from '../src/store/codec.ts';
import { fullBlock } from './foreign.ts';

/** What a block with 8 or 9 pods takes. */
const BLOCK_BYTES = 3_000;

export const HANDLE_VALUE = Buffer.from('{"block":{"10.0.0.0/26":1}}   ');

export function rawBlock(): Buffer {
  const cidr = parseCidrMasked('10.0.0.0/26');
  if (cidr === undefined) throw new Error('a network is a network');
  const bytes = encode({ kind: 'block', cidr }, fullBlock(cidr, { type: 'host', name: 'raw' }));
  return Buffer.from(bytes.subarray(0, BLOCK_BYTES));
}
