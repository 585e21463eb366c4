/** Releasing addresses, and asking who holds them. */

import type { AttributesResult, OwnerName, SetOwnerAttributesOptions } from '../../../src/index.ts';
import { IpamError } from '../../../src/index.ts';
import type { Arguments } from '../arguments.ts';
import { attempt, given, type Operation, type Outcome, object, type Refusal, refusalOf, sorted } from './operation.ts';

interface Release {
  readonly ip: string;
  readonly handle?: string;
  readonly recorded?: bigint;
}

export function releaseIps(args: Arguments): Operation {
  const releases = args.nestedList('ips').map(releaseOption);
  return {
    run: async ({ ipam, sequenceNumberFor }) => {
      const ips = releases.map(({ recorded, ...release }) => ({
        ...release,
        ...given('sequenceNumber', recorded === undefined ? undefined : sequenceNumberFor(release.ip, recorded)),
      }));
      try {
        return releaseOutcome({ ...(await ipam.releaseIps({ ips })) });
      } catch (error) {
        // The blocks without error are released all the same, and listed (RI-13).
        return { ...releaseOutcome(error instanceof IpamError ? error.details : {}), refusal: refusalOf(error) };
      }
    },
  };
}

function releaseOption(option: Arguments): Release {
  const release = {
    ip: option.text('address'),
    ...given('handle', option.optionalText('handle')),
    ...given('recorded', option.optionalBigint('sequenceNumber')),
  };
  // How the recorded number was chosen; it is the number itself that counts.
  option.flag('sequenceOf');
  option.optionalInteger('offset');
  option.done();
  return release;
}

function releaseOutcome({ released, unallocated }: Readonly<Record<string, unknown>>): Outcome {
  return { result: object({ released: sorted(textsOf(released)), unallocated: sorted(textsOf(unallocated)) }) };
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

export function releaseByHandle(args: Arguments): Operation {
  const handle = args.text('handle');
  return {
    run: ({ ipam }) =>
      attempt(undefined, async () => {
        const { found } = await ipam.releaseByHandle({ handle });
        return { result: undefined, nothingFound: !found };
      }),
  };
}

export function ipsByHandle(args: Arguments): Operation {
  const handle = args.text('handle');
  return { run: ({ ipam }) => attempt([], async () => ({ result: sorted(await ipam.ipsByHandle({ handle })) })) };
}

export function getAssignmentAttributes(args: Arguments): Operation {
  const ip = args.text('ip');
  return { run: ({ ipam }) => attempt(null, async () => ({ result: attributes(await ipam.getAssignmentAttributes({ ip })) })) };
}

function attributes({ handle, active, alternate }: AttributesResult): ReturnType<typeof object> {
  return object({
    handle_id: handle,
    secondary: active && object(active),
    alternateOwnerAttrs: alternate && object(alternate),
  });
}

export function setOwnerAttributes(args: Arguments): Operation {
  const address = { handle: args.text('handle'), ip: args.text('ip') };
  const updates = args.optionalNested('updates');
  const preconditions = args.optionalNested('preconditions');
  const active = update(updates, 'ActiveOwnerAttrs', 'ClearActiveOwner');
  const alternate = update(updates, 'AlternateOwnerAttrs', 'ClearAlternateOwner');
  const expectActive = precondition(preconditions, 'ExpectedActiveOwner', 'VerifyActiveOwnerEmpty');
  const expectAlternate = precondition(preconditions, 'ExpectedAlternateOwner', 'VerifyAlternateOwnerEmpty');
  updates?.done();
  preconditions?.done();
  const contradiction = [active, alternate, expectActive, expectAlternate].includes('contradiction');
  if (updates === undefined || contradiction) return { run: async () => ({ result: undefined, refusal: INEXPRESSIBLE }) };
  const options = {
    ...address,
    ...given('active', active),
    ...given('alternate', alternate),
    ...given('expectActive', expectActive),
    ...given('expectAlternate', expectAlternate),
  } as SetOwnerAttributesOptions;
  return {
    run: ({ ipam }) =>
      attempt(undefined, async () => {
        await ipam.setOwnerAttributes(options);
        return { result: undefined };
      }),
  };
}

/** AT-06: what Calico refuses at run time, the types of the library have no words for. */
const INEXPRESSIBLE: Refusal = { code: 'invalid-argument', message: 'the library has no way to ask for this' };

function update(updates: Arguments | undefined, set: string, clear: string): Record<string, string> | null | undefined | 'contradiction' {
  const attrs = updates?.optionalTextMap(set);
  if (!updates?.flag(clear)) return attrs;
  return attrs === undefined ? null : 'contradiction';
}

function precondition(
  preconditions: Arguments | undefined,
  expected: string,
  empty: string,
): OwnerName | 'empty' | undefined | 'contradiction' {
  const owner = preconditions?.optionalNested(expected);
  const name = owner && { namespace: owner.optionalText('Namespace') ?? '', name: owner.optionalText('Name') ?? '' };
  owner?.done();
  if (!preconditions?.flag(empty)) return name;
  return name === undefined ? 'empty' : 'contradiction';
}
