/** Claiming and releasing block affinities. */
import type { AffinityType } from '../../../src/core/records.ts';
import type { AffinityOptions, ReleasedAffinities } from '../../../src/index.ts';
import type { Arguments } from '../arguments.ts';
import { attempt, type Context, given, type Operation, object, sorted } from './operation.ts';

export function claimAffinity(args: Arguments): Operation {
  const options = { ...owner(args), cidr: args.text('cidr') };
  return {
    run: ({ ipam }) =>
      attempt(object({ claimed: [], failed: [] }), async () => {
        const { claimed, failed } = await ipam.claimAffinity(options);
        return { result: object({ claimed: sorted(claimed), failed: sorted(failed) }) };
      }),
  };
}

export function releaseAffinity(args: Arguments): Operation {
  const options = { ...owner(args), cidr: args.text('cidr'), mustBeEmpty: args.flag('mustBeEmpty') };
  return release(({ ipam }) => ipam.releaseAffinity(options));
}

export function releaseHostAffinities(args: Arguments): Operation {
  const options = { ...owner(args), mustBeEmpty: args.flag('mustBeEmpty') };
  return release(({ ipam }) => ipam.releaseHostAffinities(options));
}

export function releasePoolAffinities(args: Arguments): Operation {
  const cidr = args.text('cidr');
  return release(({ ipam }) => ipam.releasePoolAffinities({ cidr }));
}

export function releaseBlockAffinity(args: Arguments): Operation {
  const options = { cidr: args.text('cidr'), mustBeEmpty: args.flag('mustBeEmpty') };
  return release(({ ipam }) => ipam.releaseBlockAffinity(options));
}

export function removeHost(args: Arguments): Operation {
  const options = owner(args);
  return {
    run: ({ ipam }) =>
      attempt(undefined, async () => {
        await ipam.removeHost(options);
        return { result: undefined };
      }),
  };
}

function release(call: (context: Context) => Promise<ReleasedAffinities>): Operation {
  return {
    run: (context) =>
      attempt(undefined, async () => {
        const { released } = await call(context);
        return { result: undefined, nothingFound: released.length === 0 };
      }),
  };
}

function owner(args: Arguments): AffinityOptions {
  return { host: args.text('host'), ...given('affinityType', args.optionalText('affinityType') as AffinityType | undefined) };
}
