const FNV_OFFSET_BASIS = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const MASK_64 = (1n << 64n) - 1n;

/** FNV-1a 64 over the UTF-8 bytes of `text`, its upper half folded into the lower: for spreading, not for secrecy. */
export function hash64(text: string): bigint {
  let hash = FNV_OFFSET_BASIS;
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & MASK_64;
  // The low bits of a product know only the low bits of its factors.
  return hash ^ (hash >> 32n);
}
