/** A recorded history of real Calico, read and checked before anything is replayed. */
import { type Cidr, parseCidrMasked } from '../../src/core/addr.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { Arguments, HistoryError } from './arguments.ts';
import { parseNode, valueOf } from './json.ts';
import { OPERATIONS } from './operations/index.ts';
import type { Operation } from './operations/operation.ts';

export interface Step {
  readonly index: number;
  readonly op: string;
  readonly args: JsonObject;
  readonly operation: Operation;
  /** As recorded; undefined where the history has none. */
  readonly result: Json | undefined;
  readonly error: string | undefined;
  /** Value of every key below `/calico/` that differs after the step; null: deleted. */
  readonly changes: ReadonlyMap<string, string | null>;
}

/** Where Calico's walk through `pool` began for `host`. */
export interface WalkStart {
  readonly host: string;
  readonly pool: Cidr;
  readonly firstBlock: Cidr;
}

export interface History {
  readonly name: string;
  readonly walkStarts: readonly WalkStart[];
  readonly steps: readonly Step[];
}

const HISTORY_MEMBERS = ['name', 'about', 'walkStart', 'steps'];
const STEP_MEMBERS = ['op', 'result', 'error', 'changes', 'calicoRequests'];

/** Reads the text of a history file; throws {@link HistoryError} when it cannot be replayed whole. */
export function parseHistory(text: string): History {
  const node = parseNode(text);
  if (node === undefined) throw new HistoryError('not JSON');
  const top = objectOf(valueOf(node), 'the file');
  const unknown = [...top.keys()].find((name) => !HISTORY_MEMBERS.includes(name));
  if (unknown !== undefined) throw new HistoryError(`unknown member ${JSON.stringify(unknown)}`);
  const name = top.get('name');
  const steps = top.get('steps');
  if (typeof name !== 'string' || name === '') throw new HistoryError('"name" must be a text');
  if (!Array.isArray(steps)) throw new HistoryError('"steps" must be a list');
  return { name, walkStarts: walkStartsOf(top.get('walkStart')), steps: steps.map(stepOf) };
}

function stepOf(json: Json, index: number): Step {
  const where = `step ${index}`;
  const members = objectOf(json, where);
  const op = members.get('op');
  const error = members.get('error');
  if (typeof op !== 'string') throw new HistoryError(`${where}: "op" must be a text`);
  if (error !== undefined && typeof error !== 'string') throw new HistoryError(`${where}: "error" must be a text`);
  const decode = OPERATIONS.get(op);
  if (decode === undefined)
    throw new HistoryError(`${where}: unknown op ${JSON.stringify(op)}; known: ${[...OPERATIONS.keys()].join(', ')}`);
  const args: JsonObject = new Map([...members].filter(([name]) => !STEP_MEMBERS.includes(name)));
  const reader = new Arguments(args, `${where} (${op})`);
  const operation = decode(reader);
  reader.done();
  return { index, op, args, operation, result: members.get('result'), error, changes: changesOf(members.get('changes'), where) };
}

function changesOf(json: Json | undefined, where: string): ReadonlyMap<string, string | null> {
  if (json === undefined) return new Map();
  const changes = new Map<string, string | null>();
  for (const [key, value] of objectOf(json, `${where}: "changes"`)) {
    if (value !== null && typeof value !== 'string') throw new HistoryError(`${where}: the value of ${key} must be a text or null`);
    changes.set(key, value);
  }
  return changes;
}

function walkStartsOf(json: Json | undefined): WalkStart[] {
  if (json === undefined || json === null) return [];
  return [...objectOf(json, '"walkStart"')].flatMap(([host, pools]) =>
    [...objectOf(pools, `"walkStart" of ${host}`)].map(([pool, block]) => ({ host, pool: cidrOf(pool), firstBlock: cidrOf(block) })),
  );
}

function cidrOf(json: Json): Cidr {
  const cidr = typeof json === 'string' ? parseCidrMasked(json) : undefined;
  if (cidr === undefined) throw new HistoryError(`"walkStart": ${JSON.stringify(json)} is no network`);
  return cidr;
}

function objectOf(json: Json, what: string): JsonObject {
  if (!(json instanceof Map)) throw new HistoryError(`${what} must be an object`);
  return json as JsonObject;
}
