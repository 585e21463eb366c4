/** The part of a 64-bit little-endian ELF file that is mapped when it is loaded: without symbols and debug information. */
export function loadable(file) {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1)
    throw new Error('the native part of lmdb is no 64-bit ELF file');
  const programHeaders = Number(file.readBigUInt64LE(32));
  const size = file.readUInt16LE(54);
  const count = file.readUInt16LE(56);
  let end = programHeaders + size * count;
  for (let index = 0; index < count; index++) {
    const header = programHeaders + size * index;
    end = Math.max(end, Number(file.readBigUInt64LE(header + 8) + file.readBigUInt64LE(header + 32)));
  }
  const mapped = Buffer.from(file.subarray(0, end));
  // There are no section headers any more.
  mapped.writeBigUInt64LE(0n, 40);
  mapped.fill(0, 58, 64);
  return mapped;
}
