/** The bun that npm installed for this machine: it runs what is compiled, without being compiled. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGES: Readonly<Record<string, string>> = { x64: 'bun-linux-x64', arm64: 'bun-linux-aarch64' };

/** Nothing, with a message, where npm has none for this machine (it has them for Linux with glibc, and others we do not ship). */
export function findBun(): string | undefined {
  const name = PACKAGES[process.arch];
  const path = name === undefined ? undefined : join(import.meta.dirname, '../../node_modules/@oven', name, 'bin/bun');
  if (process.platform === 'linux' && path !== undefined && existsSync(path)) return path;
  console.warn(`tests on bun are left out: npm installed no bun for ${process.platform}-${process.arch}`);
  return undefined;
}
