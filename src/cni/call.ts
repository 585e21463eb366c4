/** One call as the runtime makes it: the environment of the CNI specification, section 2. */
import { CniError, CODES } from './errors.ts';

export const VERBS = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION'] as const;
export type Verb = (typeof VERBS)[number];

export interface CniCall {
  readonly verb: Verb;
  readonly containerId: string;
  /** Path of the network namespace; empty when the runtime has none (any more). */
  readonly netns: string;
  readonly ifname: string;
  /** CNI_ARGS, the last one of equal names. */
  readonly args: ReadonlyMap<string, string>;
  /** The variables themselves. */
  readonly variables: Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that a verb cannot do without. */
const REQUIRED: Readonly<Record<Verb, readonly string[]>> = {
  ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'],
  GC: ['CNI_PATH'],
  STATUS: ['CNI_PATH'],
  VERSION: [],
};

/** Reads the call out of the environment; refuses with code 4, naming every variable that is missing or wrong. */
export function callOf(env: Environment): CniCall {
  const verb = VERBS.find((each) => each === env['CNI_COMMAND']);
  if (!verb) throw invalid(`unknown CNI_COMMAND "${env['CNI_COMMAND'] ?? ''}"`, `Expected is one of ${VERBS.join(', ')}.`);
  const missing = REQUIRED[verb].filter((name) => !env[name]);
  if (missing.length > 0)
    throw invalid(`required environment variables are missing: ${missing.join(', ')}`, `${verb} needs ${REQUIRED[verb].join(', ')}.`);
  const containerId = env['CNI_CONTAINERID'] ?? '';
  const ifname = env['CNI_IFNAME'] ?? '';
  if (REQUIRED[verb].includes('CNI_CONTAINERID')) checkNames(containerId, ifname);
  return {
    verb,
    containerId,
    netns: env['CNI_NETNS'] ?? '',
    ifname,
    args: argsOf(env['CNI_ARGS'] ?? '', verb),
    variables: variablesOf(env),
  };
}

function variablesOf(env: Environment): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined && name.startsWith('CNI_')) variables[name] = value;
  return variables;
}

const CONTAINER_ID = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
/** Together with a network's name it becomes part of a key. */
const CONTAINER_ID_LENGTH_MAX = 128;
/** The kernel's IFNAMSIZ less its terminating NUL. */
const IFNAME_LENGTH_MAX = 15;

function checkNames(containerId: string, ifname: string): void {
  if (!CONTAINER_ID.test(containerId) || containerId.length > CONTAINER_ID_LENGTH_MAX) {
    throw invalid(
      `CNI_CONTAINERID "${shown(containerId)}" is not a container id`,
      `Expected are letters, digits, "_", "." and "-", beginning with a letter or digit, at most ${CONTAINER_ID_LENGTH_MAX}.`,
    );
  }
  if (ifname.length > IFNAME_LENGTH_MAX || ifname === '.' || ifname === '..' || /[/:\s\p{Cc}]/u.test(ifname)) {
    throw invalid(
      `CNI_IFNAME "${shown(ifname)}" is not the name of an interface`,
      `Expected are at most ${IFNAME_LENGTH_MAX} characters without "/", ":" and blanks, and neither "." nor "..".`,
    );
  }
}

/** `K=V;K=V`. Names that are not known belong to others and are passed over, whether or not IgnoreUnknown is set. */
function argsOf(text: string, verb: Verb): Map<string, string> {
  const args = new Map<string, string>();
  for (const pair of text.split(';').filter((each) => each !== '')) {
    const at = pair.indexOf('=');
    // A container that ends must not be held up by them.
    if (at <= 0 && verb === 'DEL') continue;
    if (at <= 0) throw invalid(`CNI_ARGS has "${shown(pair)}", which is no pair`, 'Expected is NAME=VALUE;NAME=VALUE.');
    args.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return args;
}

const SHOWN_LENGTH_MAX = 64;

function shown(text: string): string {
  const printable = text.replaceAll(/\p{Cc}/gu, '?');
  return printable.length > SHOWN_LENGTH_MAX ? `${printable.slice(0, SHOWN_LENGTH_MAX)}…` : printable;
}

function invalid(message: string, details: string): CniError {
  return new CniError(CODES.invalidEnvironment, message, details);
}
