/** Network namespaces of a test file: they stand for nodes and pods, and always go away again. */

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../support/folder.ts';
import { output, run } from './run.ts';

const MOUNTED = '/run/netns';
/** Where libcni, and so cnitool, keeps the results of ADDs. */
const CACHED_RESULTS = '/var/lib/cni/results';
const OWNED = /^plat-(\d+)-/;
/** Of namespaces and of networks of this process. */
const PREFIX = `plat-${process.pid}-`;

let made = 0;

/** To be called by every test file that makes namespaces: removes those of dead processes before, and all of its own after. */
export function keepNamespacesTidy(): void {
  beforeAll(() => sweep((pid) => !isAlive(pid)));
  afterAll(() => sweep((pid) => pid === process.pid));
}

/** A name of this process alone, for a network or a namespace. */
export function ownName(what: string): string {
  return `${PREFIX}${++made}-${what}`;
}

/** Adds one namespace for each name, removed when the test ends; gives their full names. */
export async function addNamespaces(names: readonly string[]): Promise<string[]> {
  const full = names.map(ownName);
  await batch(full.map((name) => `netns add ${name}`));
  onTestFinished(() => removeNamespaces(full));
  return full;
}

/** Those that are gone already are left out. */
export async function removeNamespaces(names: readonly string[]): Promise<void> {
  await batch(names.filter((name) => existsSync(pathOf(name))).map((name) => `netns del ${name}`));
}

/** As after a power cut: the same name, and nothing in it. */
export async function renewNamespace(name: string): Promise<void> {
  await batch([`netns del ${name}`, `netns add ${name}`]);
}

/** What `CNI_NETNS` has for it. */
export function pathOf(name: string): string {
  return join(MOUNTED, name);
}

/** A file for CNI_NETNS of calls that never enter it, gone when the test ends. */
export async function standInNamespace(): Promise<string> {
  const file = join(await temporaryFolder(), 'netns');
  await writeFile(file, '');
  return file;
}

/** Namespaces of this process that are there. */
export function ownNamespaces(): string[] {
  return namesIn(MOUNTED).filter((name) => name.startsWith(PREFIX));
}

/** Lines of `ip -batch`, in the namespace if one is given. */
export async function batch(lines: readonly string[], netns?: string): Promise<void> {
  if (lines.length === 0) return;
  await output('ip', [...(netns === undefined ? [] : ['-netns', netns]), '-batch', '-'], { stdin: `${lines.join('\n')}\n` });
}

async function sweep(isOurs: (pid: number) => boolean): Promise<void> {
  const owned = (name: string) => isOurs(Number(OWNED.exec(name)?.[1] ?? Number.NaN));
  const left = namesIn(MOUNTED).filter(owned);
  // One by one: another process may sweep at the same time.
  await Promise.all(left.map((name) => run('ip', ['netns', 'del', name])));
  for (const name of namesIn(CACHED_RESULTS).filter(owned)) rmSync(join(CACHED_RESULTS, name), { force: true });
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function isAlive(pid: number): boolean {
  // A name that is not ours has no number.
  return Number.isNaN(pid) || existsSync(`/proc/${pid}`);
}
