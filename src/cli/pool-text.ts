/** Words about IP pools. */
import type { PoolSpec } from '../ipam/api.ts';

/** `/26 blocks of 64 addresses`. */
export function poolBlocksText({ cidr, blockSize }: Required<Pick<PoolSpec, 'cidr' | 'blockSize'>>): string {
  const hostBits = (cidr.includes(':') ? 128 : 32) - blockSize;
  return hostBits === 0 ? `single addresses` : `/${blockSize} blocks of ${2 ** hostBits} addresses`;
}
