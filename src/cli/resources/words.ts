/** The names of the resource kinds on the command line, as calicoctl takes them. */

export const KIND_WORDS = [
  { name: 'ippool', aliases: ['ippools', 'ipp', 'ipps', 'pool', 'pools'] },
  { name: 'ipreservation', aliases: ['ipreservations', 'reservation', 'reservations'] },
  { name: 'node', aliases: ['nodes', 'no', 'nos'] },
  { name: 'ipamconfig', aliases: ['ipamconfigs', 'ipamconfiguration', 'ipamconfigurations'] },
] as const;

export type KindWord = (typeof KIND_WORDS)[number]['name'];

/** Commands that are followed by a kind. */
const VERBS = ['create', 'get', 'describe', 'patch', 'delete'];

const VALUE_OPTIONS = /^(-[fpltoc]|--(filename|patch|selector|type|output|store|config|timeout|log-level|cidr|label))$/;

/** Whether what follows this word is its value, however it looks. */
export function takesValue(word: string): boolean {
  return VALUE_OPTIONS.test(word);
}

/**
 * The line with its kind in lower case, and `ippool/a ippool/b` (what `-o name` prints) as `ippool a b`. Everything else,
 * and names of another kind than the first, stays as it is.
 */
export function expandKindWords(args: readonly string[]): readonly string[] {
  const verb = args.findIndex((arg) => VERBS.includes(arg));
  const at = args.findIndex((arg, index) => index > verb && !takesValue(args[index - 1] ?? '') && isKind(arg.split('/')[0] ?? ''));
  if (verb === -1 || at === -1) return args;
  const [kind = ''] = args[at]?.split('/') ?? [];
  const rest = args[at] === kind ? args.slice(at + 1) : args.slice(at);
  const names = rest.map((arg) => (arg.startsWith(`${kind}/`) ? arg.slice(kind.length + 1) : arg));
  return [...args.slice(0, at), kind.toLowerCase(), ...names];
}

function isKind(word: string): boolean {
  const lower = word.toLowerCase();
  return KIND_WORDS.some(({ name, aliases }) => name === lower || (aliases as readonly string[]).includes(lower));
}
