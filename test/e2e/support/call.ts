/** One call of a CNI plugin as the specification has it: environment, configuration on stdin, a JSON answer on stdout. */
import { dirname } from 'node:path';
import { type Ran, type Running, start } from './run.ts';

export type Verb = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS' | 'VERSION';

export interface Call {
  readonly verb: Verb;
  readonly conf: object;
  readonly containerId?: string;
  /** Path of the pod's network namespace. */
  readonly netns?: string | undefined;
  /** Default `eth0`. */
  readonly ifname?: string;
  /** CNI_PATH: folders, separated by colons; by default that of the plugin. */
  readonly path?: string;
  /** CNI_ARGS. */
  readonly args?: string;
  /** Name of the network namespace to run in: the node. */
  readonly node?: string;
}

/** The part of a result that every version from 0.3.0 on has. */
export interface CniResult {
  readonly cniVersion: string;
  readonly interfaces?: readonly { readonly name: string; readonly sandbox?: string }[];
  readonly ips: readonly { readonly address: string; readonly gateway?: string; readonly interface?: number }[];
  readonly routes?: readonly { readonly dst: string; readonly gw?: string }[];
}

export interface CniError {
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

export type Answer =
  | { readonly kind: 'done'; readonly result: CniResult | undefined }
  | { readonly kind: 'refused'; readonly error: CniError }
  /** It ended without an answer. */
  | { readonly kind: 'killed' };

export function startCall(command: readonly [string, ...string[]], call: Call): Running {
  const { verb, conf, containerId, netns, ifname = 'eth0', args, node } = call;
  const [program, ...rest] = command;
  const isOfContainer = verb === 'ADD' || verb === 'DEL' || verb === 'CHECK';
  const env = {
    CNI_COMMAND: verb,
    CNI_PATH: call.path ?? dirname(program),
    ...(isOfContainer && { CNI_IFNAME: ifname }),
    ...(containerId !== undefined && { CNI_CONTAINERID: containerId }),
    ...(netns !== undefined && { CNI_NETNS: netns }),
    ...(args !== undefined && { CNI_ARGS: args }),
  };
  return start(program, rest, { env, stdin: JSON.stringify(conf), ...(node !== undefined && { netns: node }) });
}

export async function callPlugin(command: readonly [string, ...string[]], call: Call): Promise<Answer> {
  return answerOf(await startCall(command, call).ended);
}

/** Throws when it is neither an answer nor a process that was killed. */
export function answerOf({ code, stdout, stderr }: Ran): Answer {
  if (code === null) return { kind: 'killed' };
  const answer: unknown = stdout.trim() === '' ? undefined : JSON.parse(stdout);
  if (code === 0) return { kind: 'done', result: answer as CniResult | undefined };
  if (answer === undefined) throw new Error(`exit code ${code} without an answer: ${stderr}`);
  return { kind: 'refused', error: answer as CniError };
}

/** The result of a call that must succeed. */
export function done(answer: Answer): CniResult | undefined {
  if (answer.kind !== 'done') throw new Error(JSON.stringify(answer));
  return answer.result;
}

/** The addresses of a result, without prefix lengths. */
export function addressesOf(result: CniResult | undefined): string[] {
  return (result?.ips ?? []).map(({ address }) => address.split('/')[0] as string);
}
