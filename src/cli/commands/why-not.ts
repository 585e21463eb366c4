import { type Command, Option } from 'commander';
import { parseCidrMasked } from '../../core/addr.ts';
import type { AssignExplanation, AssignIpOptions, AutoAssignOptions, Ipam } from '../../ipam/api.ts';
import { type Cli, withIpam } from '../cli.ts';
import { AnswerIsNo } from '../errors.ts';
import { requestByFamily } from '../explain/families.ts';
import { collectList, collectPairs, parseCount, parseOneOf, USES } from '../options.ts';
import { printResult } from '../output.ts';
import { boxedTable } from '../table.ts';

interface Options {
  readonly host: string;
  readonly ip?: string;
  readonly pool?: readonly string[];
  readonly namespace?: string;
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly use?: (typeof USES)[number];
  readonly handle?: string;
  readonly num: number;
  readonly ipv4?: true;
  readonly ipv6?: true;
}

/** `plat why-not`. */
export function define(command: Command, cli: Cli): void {
  command
    .option('--host <node>', 'the node that would ask', cli.terminal.hostName)
    .addOption(new Option('--ip <address>', 'for this very address').conflicts(['pool', 'ipv4', 'ipv6']))
    .option('--pool <name|cidr>', 'only from this pool; may be repeated', collectList)
    .option('--namespace <name>', 'the namespace, by the labels that Kubernetes gives each: its name')
    .option('--namespace-labels <key=value,...>', 'other labels of the namespace; may be repeated', collectLabels)
    .option('--use <use>', `${USES.join(', ')} (default: Workload)`, parseOneOf(USES))
    .option('--handle <id>', 'the holder, for which a limit may count what it holds')
    .option('--num <count>', 'addresses wanted, of each family', parseCount, 1)
    .option('-4, --ipv4', 'IPv4 (the default, unless a pool says otherwise)')
    .option('-6, --ipv6', 'IPv6; with -4 both at once')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => whyNot(cli, options));
}

const EXAMPLES = `
Plans the assignment over what the store holds now, by the rules that assign, and writes nothing. A refusal has the same code and
text as the assignment itself would have, and exit code 1.

Examples:
  plat why-not --host worker-1
  plat why-not --host worker-1 --namespace staging --pool rack-1
  plat why-not --host worker-1 --ip 10.244.0.10
  plat why-not --host worker-1 -4 -6 -o json`;

function collectLabels(text: string, previous: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  return text.split(',').reduce<Readonly<Record<string, string>>>((labels, pair) => collectPairs(pair, labels), previous ?? {});
}

async function whyNot(cli: Cli, options: Options): Promise<void> {
  const explanation = await withIpam(cli, async (ipam) => ipam.explainAssign(await requestOf(cli, ipam, options)));
  const unknown = unknownPools(options.pool ?? [], explanation);
  await printResult(cli, {
    value: { host: options.host, ...explanation, ...(unknown.length > 0 && { unknownPools: unknown }) },
    text: () => explanationText(options.host, explanation, unknown),
  });
  if (explanation.refusal) throw new AnswerIsNo();
}

/** A refusal for another reason says nothing of them. */
function unknownPools(asked: readonly string[], { refusal, considered }: AssignExplanation): readonly string[] {
  if (!refusal || refusal.code === 'pool-not-found') return [];
  return asked.filter((text) => !considered.some(({ pool, cidr }) => text === pool || (parseCidrMasked(text)?.text ?? text) === cidr));
}

async function requestOf(cli: Cli, ipam: Ipam, options: Options): Promise<AutoAssignOptions | AssignIpOptions> {
  const { host, use, handle, ip, namespace, namespaceLabels } = options;
  const common = { host, ...(use !== undefined && { use }), ...(handle !== undefined && { handle }), ...cli.call() };
  if (ip !== undefined) return { ...common, ip };
  const labels = { ...(namespace !== undefined && namesOfNamespace(namespace)), ...namespaceLabels };
  const versions = [...(options.ipv4 ? [4 as const] : []), ...(options.ipv6 ? [6 as const] : [])];
  const asked = { pools: options.pool ?? [], versions: versions.length > 0 ? versions : undefined, count: options.num };
  return { ...common, ...(await requestByFamily(cli, ipam, asked)), ...(Object.keys(labels).length > 0 && { namespaceLabels: labels }) };
}

/** Labels that every namespace has by itself, in Kubernetes and as Calico sees it. */
function namesOfNamespace(namespace: string): Readonly<Record<string, string>> {
  return { 'kubernetes.io/metadata.name': namespace, 'projectcalico.org/name': namespace };
}

const SOURCES = {
  held: 'held by its handle already',
  'own-block': 'a block of its own',
  'new-block': 'a new block',
  'reclaimed-block': 'an empty block that it would take from its owner',
  'adopted-block': 'a block of nobody, which it would take over',
  borrowed: 'a block of another node, which stays theirs',
} as const;

function explanationText(host: string, { addresses, refusal, considered }: AssignExplanation, unknown: readonly string[]): string {
  const given = addresses.map(
    ({ ip, block, pool, source }) => `${host} would get ${ip} from ${block} in pool "${pool}": ${SOURCES[source]}.`,
  );
  const rows = considered.map(({ pool, cidr, reason, change }) => [pool, cidr, reason, change ?? '']);
  const headings = ['POOL', 'CIDR', 'WHY', 'WHAT WOULD CHANGE IT'];
  const table = boxedTable(
    headings.map((heading) => ({ heading })),
    rows,
  );
  const also = unknown.map((pool) => `There is no pool "${pool}" either. List them with: plat get ippools`);
  const answer = refusal ? [`${host} would get no address (${refusal.code}): ${refusal.message}`, ...also] : given;
  return [...answer, '', table].join('\n');
}
