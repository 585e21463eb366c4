/** Assigning: `autoAssign`, `assignIp`, `ensureBlock`. */
import { parseIp } from '../../../src/core/addr.ts';
import type { Json } from '../../../src/core/json.ts';
import type { AllowedUse } from '../../../src/core/records.ts';
import type {
  AssignCommon,
  AutoAssignOptions,
  AutoAssignResult,
  EnsureBlockOptions,
  FamilyResult,
  HostReserved,
  Shortfall,
} from '../../../src/index.ts';
import type { Arguments } from '../arguments.ts';
import { attempt, given, type Operation, type Outcome, object, type Refusal } from './operation.ts';

export function autoAssign(args: Arguments): Operation {
  const options: AutoAssignOptions = {
    ...assignCommon(args),
    ...given('num4', args.optionalInteger('num4')),
    ...given('num6', args.optionalInteger('num6')),
    ...poolsAndReserved(args),
    ...given('maxBlocksPerHost', args.optionalInteger('maxBlocksPerHost')),
    ...given('namespaceLabels', args.optionalTextMap('namespaceLabels')),
    partial: true,
  };
  return autoAssignOperation(options);
}

function autoAssignOperation(options: AutoAssignOptions): Operation {
  const num4 = options.num4 ?? 0;
  const num6 = options.num6 ?? 0;
  return {
    wanted: { handle: options.handle, num4, num6 },
    run: ({ ipam, hadEmptyAttrs }) =>
      attempt(object({ v4: null, v6: null }), async () =>
        autoAssignOutcome(options, await ipam.autoAssign(withAttrs(options, hadEmptyAttrs))),
      ),
    ...(num4 > 0 && num6 > 0 ? { ipv4Alone: autoAssignOperation({ ...options, num6: 0 }) } : {}),
  };
}

function autoAssignOutcome(options: AutoAssignOptions, { v4, v6 }: AutoAssignResult): Outcome {
  const result = object({ v4: familyResult(v4, options.hostReserved4), v6: familyResult(v6, options.hostReserved6) });
  const refusal = shortfallError(v4?.shortfall) ?? shortfallError(v6?.shortfall);
  return refusal === undefined ? { result } : { result, refusal };
}

function familyResult(family: FamilyResult | undefined, hostReserved: HostReserved | undefined): Json {
  if (family === undefined) return null;
  const messages = shortfallMessages(family);
  return object({
    hostReserved: hostReserved === undefined ? undefined : true,
    ips: family.addresses.map(({ ip, prefixLength }) => `${ip}/${prefixLength}`),
    messages: messages.length === 0 ? undefined : messages,
  });
}

/** The texts of AA-08, AA-20 and MB-03. */
function shortfallMessages({ shortfall, exhaustedPools }: FamilyResult): string[] {
  const messages: string[] = [];
  if (shortfall?.code === 'strict-affinity') messages.push('No more free affine blocks and strict affinity enabled');
  if (shortfall?.code === 'block-limit') {
    messages.push(`Need to allocate an IPAM block but could not - limit of ${shortfall.limit} blocks reached for this node`);
  }
  if (exhaustedPools.length > 0) messages.push(`No IPs available in pools: [${exhaustedPools.join(' ')}]`);
  return messages;
}

/** Two shortfalls are errors in Calico, beside the addresses found so far (MB-03, AA-16). */
function shortfallError(shortfall: Shortfall | undefined): Refusal | undefined {
  switch (shortfall?.code) {
    case 'block-limit':
      return { code: shortfall.code, message: shortfall.message, calicoText: 'cannot allocate new block due to per host block limit' };
    case 'no-block':
      return { code: shortfall.code, message: shortfall.message, calicoText: 'failed to find or claim a block' };
    default:
      return undefined;
  }
}

export function assignIp(args: Arguments): Operation {
  const common = assignCommon(args);
  const ip = args.text('ip');
  const [reserved4, reserved6] = [hostReserved(args, 'hostReserved4'), hostReserved(args, 'hostReserved6')];
  const options = { ...common, ip, ...given('hostReserved', parseIp(ip)?.version === 6 ? reserved6 : reserved4) };
  return {
    run: ({ ipam, hadEmptyAttrs }) =>
      attempt(undefined, async () => {
        await ipam.assignIp(withAttrs(options, hadEmptyAttrs));
        return { result: undefined };
      }),
  };
}

export function ensureBlock(args: Arguments): Operation {
  return ensureBlockOperation({ host: args.text('host'), ...poolsAndReserved(args) });
}

function ensureBlockOperation(options: EnsureBlockOptions): Operation {
  const { hostReserved6, ...ipv4 } = options;
  const isDual = options.hostReserved4 !== undefined && hostReserved6 !== undefined;
  return {
    run: ({ ipam }) => attempt(object({}), async () => ({ result: object({ ...(await ipam.ensureBlock(options)) }) })),
    ...(isDual ? { ipv4Alone: ensureBlockOperation(ipv4) } : {}),
  };
}

function assignCommon(args: Arguments): AssignCommon {
  return {
    host: args.text('host'),
    ...given('handle', args.optionalText('handle')),
    ...given('attrs', args.optionalTextMap('attrs')),
    // What Calico would refuse must reach the library as it is.
    ...given('use', args.optionalText('use') as AllowedUse | undefined),
    ...given('maxPerHandle', args.optionalInteger('maxAllocPerVersion')),
  };
}

function withAttrs<Options extends AssignCommon>(options: Options, hadEmptyAttrs: boolean): Options {
  return options.attrs === undefined && hadEmptyAttrs ? { ...options, attrs: {} } : options;
}

function poolsAndReserved(args: Arguments): Pick<AutoAssignOptions, 'pools4' | 'pools6' | 'hostReserved4' | 'hostReserved6'> {
  return {
    ...given('pools4', args.optionalTexts('pools4')),
    ...given('pools6', args.optionalTexts('pools6')),
    ...given('hostReserved4', hostReserved(args, 'hostReserved4')),
    ...given('hostReserved6', hostReserved(args, 'hostReserved6')),
  };
}

function hostReserved(args: Arguments, name: string): HostReserved | undefined {
  const spec = args.optionalNested(name);
  if (spec === undefined) return undefined;
  const reserved = {
    startOfBlock: spec.optionalInteger('startOfBlock') ?? 0,
    endOfBlock: spec.optionalInteger('endOfBlock') ?? 0,
    handle: spec.optionalText('handle') ?? '',
    note: spec.optionalText('note') ?? '',
  };
  spec.done();
  return reserved;
}
