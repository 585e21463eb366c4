/** The report file of `ipam check`, in the form that calicoctl's `ipam release --from-report` takes, and reading one again. */
import { isJsonArray, isJsonObject, type Json, parseJson, printJson } from '../../core/json.ts';
import type { Attribute } from '../../core/records.ts';
import { memberObject, memberText } from '../../core/resource.ts';
import type { ClusterInformation, Finding, Observation } from '../../ipam/upkeep/api.ts';

/** One holder of an address as JSON: members in calicoctl's order, empty ones left out. Text takes the least room. */
export type ReportedAllocation = string;

export interface Reporting {
  readonly ip: string;
  readonly attribute: Attribute | undefined;
  readonly sequenceNumber: bigint;
  /** Of the block. */
  readonly affinity: string | null;
  readonly owners: readonly string[] | null;
  readonly isInUse: boolean;
}

export function reportedAllocation({ ip, attribute, sequenceNumber, affinity, owners, isInUse }: Reporting): ReportedAllocation {
  const attrs = attribute?.secondary ?? {};
  const isBorrowed = attrs['node'] !== undefined && affinity !== `host:${attrs['node']}`;
  const members = [
    memberOf('ip', ip),
    memberOf('handle', attribute?.handleId),
    `"sequenceNumber":${sequenceNumber}`,
    memberOf('pod', attrs['pod']),
    memberOf('namespace', attrs['namespace']),
    memberOf('node', attrs['node']),
    memberOf('type', attrs['type']),
    memberOf('creationTimestamp', attrs['timestamp']),
    `"inUse":${isInUse}`,
    memberOf('borrowed', isBorrowed),
    memberOf('coolingDown', attribute?.releasedAt !== undefined),
    `"owners":${JSON.stringify(owners)}`,
  ];
  // Joined strings keep all of their parts; through bytes it becomes one.
  return Buffer.from(`{${members.filter((member) => member !== '').join(',')}}`).toString();
}

/** The same entry, of an address that is not leaked after all. A quote inside a text is escaped, so nothing else looks like the member. */
export function asInUse(entry: ReportedAllocation): ReportedAllocation {
  return entry.replace('"inUse":false', '"inUse":true');
}

function memberOf(name: string, value: string | boolean | undefined): string {
  return value ? `"${name}":${JSON.stringify(value)}` : '';
}

export interface ReportQuery {
  readonly cluster: ClusterInformation | undefined;
  /** `reported` by address; of several holders all, with commas between them. */
  readonly tally: { readonly reported: ReadonlyMap<string, ReportedAllocation> };
  readonly observation: Pick<Observation, 'report' | 'addresses'>;
}

/** Characters written at once. */
const CHUNK_LENGTH = 1 << 18;

/** The text in pieces, a line for each address. Numbers keep all of their 64 bits. */
export function* reportText(query: ReportQuery): Generator<string> {
  let chunk = '';
  for (const piece of piecesOf(query)) {
    chunk += piece;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

function* piecesOf({ cluster, tally: { reported }, observation }: ReportQuery): Generator<string> {
  const head: [string, Json][] = [
    ['version', cluster?.calicoVersion ?? ''],
    ['clusterGUID', cluster?.guid ?? ''],
    ['datastoreLocked', cluster?.isLocked ?? false],
    ['clusterInformationRevision', String(cluster?.revision ?? 0)],
    ['clusterType', cluster?.type ?? ''],
    ['judged', BigInt(observation.addresses.judged)],
  ];
  yield `{\n${head.map(([name, value]) => `  ${printJson(name)}: ${printJson(value)},\n`).join('')}  "allocations": {`;
  let separator = '\n';
  for (const ip of [...reported.keys()].toSorted()) {
    yield `${separator}    ${printJson(ip)}: [${reported.get(ip)}]`;
    separator = ',\n';
  }
  yield separator === '\n' ? '}' : '\n  }';
  const handles = observation.report.findings.filter(({ kind }) => kind === 'handle-leaked').map(leakedHandle);
  if (handles.length > 0) yield `,\n  "leakedHandles": [\n    ${handles.map(printJson).join(',\n    ')}\n  ]`;
  yield '\n}';
}

function leakedHandle({ subject, seen }: Finding): Json {
  return new Map<string, Json>([
    ['ID', subject.handle ?? ''],
    ['UID', null],
    ['Revision', String(seen[0]?.revision ?? 0)],
  ]);
}

export interface LeakedInReport {
  readonly ip: string;
  readonly handle: string | undefined;
  readonly sequenceNumber: bigint;
}

export interface Report {
  readonly clusterGuid: string;
  /** How many addresses could have been called leaked; of a report of calicoctl, which judges all, how many it has. */
  readonly judged: number;
  /** Not in use and not cooling, by address. */
  readonly leaked: ReadonlyMap<string, LeakedInReport>;
  /** Revision by id. */
  readonly leakedHandles: ReadonlyMap<string, string>;
}

/** Undefined when the text is no report. */
export function readReport(text: string): Report | undefined {
  const parsed = parseJson(text);
  if (parsed.kind !== 'json' || !isJsonObject(parsed.value)) return undefined;
  const allocations = memberObject(parsed.value, 'allocations');
  if (!allocations) return undefined;
  const judged = parsed.value.get('judged') ?? allocations.size;
  if (typeof judged !== 'number' && typeof judged !== 'bigint') return undefined;
  const leaked = new Map<string, LeakedInReport>();
  for (const [ip, entries] of allocations) {
    const [entry, ...others] = isJsonArray(entries) ? entries : [];
    // Of an address in two blocks nobody can say which assignment is meant.
    if (!isJsonObject(entry) || others.length > 0 || entry.get('inUse') !== false || entry.get('coolingDown') === true) continue;
    const number = entry.get('sequenceNumber');
    if (typeof number !== 'number' && typeof number !== 'bigint') return undefined;
    leaked.set(ip, { ip, handle: memberText(entry, 'handle'), sequenceNumber: BigInt(number) });
  }
  const handles = parsed.value.get('leakedHandles');
  const leakedHandles = (isJsonArray(handles) ? handles : []).flatMap((handle): [string, string][] =>
    isJsonObject(handle) ? [[memberText(handle, 'ID') ?? '', memberText(handle, 'Revision') ?? '']] : [],
  );
  return {
    clusterGuid: memberText(parsed.value, 'clusterGUID') ?? '',
    judged: Number(judged),
    leaked,
    leakedHandles: new Map(leakedHandles),
  };
}
