import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODES } from '../../src/cni/errors.ts';
import { answer } from '../../src/cni/plugin.ts';
import { addressesOfResult } from '../../src/cni/result.ts';
import { SUPPORTED_VERSIONS } from '../../src/cni/versions.ts';
import { openIpam } from '../../src/ipam/open.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type MemoryStore, openMemoryStore } from '../../src/store/memory.ts';
import { pluginCommand } from '../e2e/support/plugin.ts';
import { start } from '../e2e/support/run.ts';
import { type MutatedCall, mutatedCalls } from './mutations.ts';

const CALLS = 20_000;
/** Then a new store: what earlier calls wrote shall not make later ones slow. */
const CALLS_PER_STORE = 500;
const TIMEOUT_MS = 300_000;

const seed = Number(process.env['PLAT_FUZZ_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));

const KNOWN_CODES: readonly number[] = Object.values(CODES).filter((code) => code !== CODES.internal);
const STACK_TRACE = /\n\s+at |\.(ts|js|mjs):\d+|node:internal/;

/** What kind of answer it is: `0`, or the code of an error. Throws when it is neither a result nor an error as CNI has them. */
function kindOf(call: MutatedCall, { stdout, exitCode }: { stdout: string; exitCode: number | null }): number {
  expect(stdout).not.toMatch(STACK_TRACE);
  if (exitCode === 0) {
    expectResult(call.env['CNI_COMMAND'] ?? '', stdout);
    return 0;
  }
  expect(exitCode).toBe(1);
  const { cniVersion, code, msg, details = '', ...others } = JSON.parse(stdout) as Record<string, unknown>;
  expect(others).toEqual({});
  expect(SUPPORTED_VERSIONS).toContain(cniVersion);
  expect(KNOWN_CODES).toContain(code);
  expect([typeof msg, typeof details, msg !== '']).toEqual(['string', 'string', true]);
  return code as number;
}

function expectResult(verb: string, stdout: string): void {
  if (verb !== 'ADD' && verb !== 'VERSION') {
    expect(stdout).toBe('');
    return;
  }
  const result = JSON.parse(stdout) as Record<string, unknown>;
  expect(SUPPORTED_VERSIONS).toContain(result['cniVersion']);
  if (verb === 'ADD') expect(addressesOfResult(result)?.length).toBeGreaterThan(0);
}

async function newStore(): Promise<MemoryStore> {
  const store = openMemoryStore();
  const ipam = openIpam({ store: store.client() });
  await ipam.pools.create({ name: 'pool1', spec: { cidr: '10.0.0.0/24', blockSize: 26 } });
  await ipam.pools.create({ name: 'pool2', spec: { cidr: 'fd00::/112' } });
  return store;
}

async function revisionOf(store: MemoryStore): Promise<bigint> {
  return (await store.read({ keys: ['/'] })).revision;
}

describe('mutated calls', () => {
  it(
    `${CALLS} in this process: a valid result or an error with a code, no write with an error`,
    async () => {
      console.log(`mutated calls: PLAT_FUZZ_SEED=${seed}`);
      let store = await newStore();
      let calls = 0;
      const kinds = new Map<number, number>();
      await fc.assert(
        fc.asyncProperty(mutatedCalls, async (call) => {
          if (++calls % CALLS_PER_STORE === 0) store = await newStore();
          const before = await revisionOf(store);
          const answered = await answer({
            env: call.env,
            clock: systemClock,
            readStdin: async () => call.stdin,
            parentPid: () => 4_711,
            openStore: async () => store.client(),
          });
          const kind = kindOf(call, answered);
          if (kind !== 0) expect(await revisionOf(store)).toBe(before);
          kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        }),
        { numRuns: CALLS, seed },
      );
      console.log(
        `mutated calls by kind: ${[...kinds]
          .toSorted(([a], [b]) => a - b)
          .map((each) => each.join(': '))
          .join(', ')}`,
      );
      // Else it would have looked at refusals of the same few things.
      expect(kinds.get(0)).toBeGreaterThan(CALLS / 10);
      expect([...kinds.keys()]).toEqual(expect.arrayContaining([1, 4, 6, 7, 8, 50, 102, 105]));
    },
    TIMEOUT_MS,
  );

  it.each([
    ['compiled', 160],
    ['node', 40],
  ] as const)(
    'the %s plugin as a process, %d times: the same, and the exit code fits',
    async (entry, count) => {
      const [program, ...args] = await pluginCommand(entry);
      const waiting = fc.sample(mutatedCalls, { numRuns: count, seed }).map(tamed);
      const worker = async () => {
        for (let call = waiting.pop(); call; call = waiting.pop()) await expectProcess([program, ...args], call);
      };
      await Promise.all([worker(), worker(), worker(), worker()]);
    },
    TIMEOUT_MS,
  );
});

async function expectProcess([program, ...args]: readonly [string, ...string[]], call: MutatedCall): Promise<void> {
  const set = Object.entries(call.env).filter((each): each is [string, string] => each[1] !== undefined);
  const env = { ...Object.fromEntries(set), PLAT_STORE: 'memory:' };
  const { code, stdout, stderr } = await start(program, args, { env, stdin: call.stdin }).ended;
  expect(stderr, JSON.stringify(call)).not.toMatch(STACK_TRACE);
  if (call.env['CNI_COMMAND']) kindOf(call, { stdout, exitCode: code });
  else expect([code, stdout, stderr]).toEqual([0, '', expect.stringContaining('CNI protocol versions supported')]);
}

/** A call that reaches no store but one that ends with its process: nothing names an etcd or a folder. */
function tamed({ env, stdin }: MutatedCall): MutatedCall {
  const names = /"(store|datastore_type|etcd_endpoints|etcd_authority|etcd_discovery_srv)":"(?!memory:)/g;
  return { env, stdin: stdin.replace(names, '"unused":"') };
}
