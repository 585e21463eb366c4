/** `plat patch KIND NAME`. */
import { Argument, type Command, Option } from 'commander';
import type { Ipam } from '../../ipam/api.ts';
import { IpamError } from '../../ipam/errors.ts';
import { type Cli, withIpam } from '../cli.ts';
import type { CommandModule } from '../command-module.ts';
import { UsageError } from '../errors.ts';
import { NAMED } from '../format/output-shape.ts';
import { printResult } from '../output.ts';
import { jsonPatch, mergePatch } from '../resources/json-patch.ts';
import { kindName, kindOfWord, type ResourceKind } from '../resources/kinds.ts';
import { isObject, type Manifest, parseManifest } from '../resources/manifest.ts';
import { resourceObject } from '../resources/object.ts';
import { notThere } from '../resources/select.ts';
import { invalidManifests, violationsOf } from '../resources/violations.ts';
import type { KindWord } from '../resources/words.ts';
import { type Written, writeManifest } from '../resources/write.ts';
import { notWritten, printDiff, writtenResult } from '../resources/write-result.ts';

const TYPES = ['merge', 'json', 'strategic'] as const;

interface Options {
  readonly patch: string;
  readonly type: (typeof TYPES)[number];
  readonly dryRun?: true;
  readonly diff?: true;
}

/** Somebody else keeps changing it; the patch goes on top of what is there then. */
const CONFLICT_TRIES_MAX = 5;

export function commandFor(word: KindWord): CommandModule {
  const kind = kindOfWord(word);
  return {
    gives: NAMED,
    define(command: Command, cli: Cli) {
      command
        .addArgument(new Argument(`<${kind.placeholder}>`, 'name'))
        .requiredOption('-p, --patch <patch>', 'JSON or YAML')
        .addOption(
          new Option('-t, --type <type>', 'merge (RFC 7386), json (RFC 6902), or strategic, which is merge for these kinds')
            .choices(TYPES)
            .default('strategic'),
        )
        .option('--dry-run', 'check everything, say what would be done, and do nothing')
        .option('--diff', 'show what would change, as a unified diff, and do nothing')
        .addHelpText('after', examplesFor(kind))
        .action((name: string, options: Options) => patchResource(cli, kind, name, options));
    },
  };
}

const PATCHES: Readonly<Record<KindWord, string>> = {
  ippool: '{"spec":{"disabled":true}}',
  ipreservation: '{"spec":{"reservedCIDRs":["10.244.0.0/30"]}}',
  node: '{"metadata":{"labels":{"rack":"r2"}}}',
  ipamconfig: '{"spec":{"ipCooldownSeconds":300}}',
};

function examplesFor({ word }: ResourceKind): string {
  const name = word === 'ipamconfig' ? 'default' : 'NAME';
  const operation =
    word === 'node' ? `{"op":"remove","path":"/metadata/labels/rack"}` : `{"op":"test","path":"/metadata/name","value":"${name}"}`;
  return `
Members that the patch does not name stay; null removes one; a list is replaced as a whole. A metadata.resourceVersion in the patch
makes it fail when somebody changed the resource since.

Examples:
  plat patch ${word} ${name} -p '${PATCHES[word]}'
  plat patch ${word} ${name} --diff -p '${PATCHES[word]}'
  plat patch ${word} ${name} --type json -p '[${operation}]'`;
}

async function patchResource(cli: Cli, kind: ResourceKind, name: string, options: Options): Promise<void> {
  const patch = await parsePatch(options.patch);
  const dryRun = options.dryRun === true || options.diff === true;
  const written = await withIpam(cli, (ipam) => patchUntilDone(cli, ipam, kind, name, { patch, type: options.type, dryRun }));
  const result = writtenResult('patched', [written], dryRun);
  return options.diff ? printDiff(cli, { result, written: [written], dryRun: options.dryRun === true }) : printResult(cli, result);
}

interface Patching {
  readonly patch: unknown;
  readonly type: Options['type'];
  readonly dryRun: boolean;
}

async function patchUntilDone(cli: Cli, ipam: Ipam, kind: ResourceKind, name: string, patching: Patching): Promise<Written> {
  for (let attempt = 1; ; attempt++) {
    const manifest = await patchedManifest(cli, ipam, kind, name, patching);
    const write = { verb: 'replace', dryRun: patching.dryRun, skipExists: false, call: cli.call() } as const;
    const outcome = await writeManifest(ipam, manifest, write);
    if (outcome.kind === 'written') return outcome.change === 'unchanged' ? outcome : { ...outcome, change: 'patched' };
    const violations = violationsOf(outcome.error);
    if (violations.length > 0)
      throw invalidManifests(
        [{ what: `${kindName(kind)} ${name}`, origin: manifest.origin, violations }],
        `plat patch ${kind.word} ${name} --diff -p PATCH`,
      );
    const mayRetry = outcome.error.code === 'conflict' && !namesVersion(patching.patch);
    if (!mayRetry || attempt >= CONFLICT_TRIES_MAX) throw notWritten('patched', [outcome], 1);
  }
}

/** What is there now with the patch on top, checked for its shape. Its version is that of what was read, or the patch's. */
async function patchedManifest(cli: Cli, ipam: Ipam, kind: ResourceKind, name: string, { patch, type }: Patching): Promise<Manifest> {
  const stored = await kind.client(ipam).get(name, cli.call());
  if (stored === undefined) throw notThere(kind, [name]);
  const origin = { file: '--patch', document: undefined };
  const patched = applyPatch(JSON.parse(JSON.stringify(resourceObject(kindName(kind), stored))), patch, type);
  const parsed = parseManifest(patched, origin);
  if (parsed.kind === 'invalid') throw invalidManifests([parsed], `plat patch ${kind.word} ${name} --diff -p PATCH`);
  const { manifest } = parsed;
  if (manifest.kind !== kind || manifest.name !== name)
    throw new IpamError(
      'invalid-argument',
      `the patch makes ${kind.word} ${name} another resource. kind and metadata.name cannot change; see: plat patch --help`,
    );
  return manifest;
}

function applyPatch(value: unknown, patch: unknown, type: Options['type']): unknown {
  if (type === 'json') {
    const result = jsonPatch(value, patch);
    if (result.kind === 'patched') return result.value;
    throw new UsageError(`--patch: ${result.reason}. Nothing was changed. See: plat patch --help`);
  }
  if (!isObject(patch))
    throw new UsageError('--patch must be an object, such as {"spec":{"disabled":true}}; a list of operations needs --type json.');
  const directive = type === 'strategic' ? findDirective(patch) : undefined;
  if (directive !== undefined)
    throw new UsageError(`--patch: ${directive} has no meaning for these kinds: their lists are replaced as a whole. Leave it out.`);
  return mergePatch(value, patch);
}

/** `$patch`, `$retainKeys`, … of a strategic merge. */
function findDirective(patch: unknown): string | undefined {
  if (Array.isArray(patch)) return patch.map(findDirective).find((name) => name !== undefined);
  if (!isObject(patch)) return undefined;
  return Object.keys(patch).find((name) => name.startsWith('$')) ?? findDirective(Object.values(patch));
}

function namesVersion(patch: unknown): boolean {
  return JSON.stringify(patch).includes('resourceVersion');
}

async function parsePatch(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  try {
    return parse(text) as unknown;
  } catch (error) {
    throw new UsageError(`--patch is neither JSON nor YAML: ${(error as Error).message.split('\n')[0]?.replace(/:$/, '')}`);
  }
}
