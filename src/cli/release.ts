/** `ipam release --ip` and `--handle`: at once where nobody can be asked, as calicoctl does, else after a look and a question. */
import type { Ipam } from '../ipam/api.ts';
import { IpamError } from '../ipam/errors.ts';
import { checkAddress } from './address-argument.ts';
import { type Cli, withIpam } from './cli.ts';
import { confirmDestructive, type DestructiveOptions, willAsk } from './confirm.ts';
import { Refusal } from './errors.ts';
import { printResult, type Result } from './output.ts';
import { countOf } from './quantity.ts';

/** One address as it was seen; a release that names all of it takes nothing else. */
interface Held {
  readonly ip: string;
  readonly handle?: string;
  readonly sequenceNumber?: bigint;
}

export async function releaseHandle(cli: Cli, handle: string, options: DestructiveOptions): Promise<void> {
  const result = await withIpam(cli, async (ipam) => {
    if (options.dryRun || willAsk(cli, options)) {
      const held = await heldBy(cli, ipam, handle);
      if (options.dryRun) return plannedResult({ handle, found: held.length > 0 }, held, `handle '${handle}' holds nothing`);
      if (held.length > 0) {
        await ask(cli, options, held);
        const now = await heldBy(cli, ipam, handle);
        const late = now.filter(({ ip, sequenceNumber }) => !held.some((each) => each.ip === ip && each.sequenceNumber === sequenceNumber));
        if (late.length > 0) throw changed(`handle '${handle}' holds ${late.map(({ ip }) => ip).join(', ')} since`, late);
      }
    }
    const { found, released } = await ipam.releaseByHandle({ handle, ...cli.call() });
    const total = `${countOf(released.length, 'address', 'addresses')} of handle '${handle}' released`;
    return {
      value: { handle, found, released },
      text: () => (found ? [...released.map(releasedText), total].join('\n') : `handle '${handle}' holds nothing`),
    };
  });
  await printResult(cli, result);
}

async function heldBy(cli: Cli, ipam: Ipam, handle: string): Promise<readonly Held[]> {
  const ips = await ipam.ipsByHandle({ handle, ...cli.call() }).catch(unlessNobody);
  return heldAmong(cli, ipam, ips ?? []);
}

async function heldAmong(cli: Cli, ipam: Ipam, ips: Iterable<string>): Promise<readonly Held[]> {
  const held: Held[] = [];
  for (const ip of ips) {
    const one = await heldAt(cli, ipam, ip);
    if (one) held.push(one);
  }
  return held;
}

export async function releaseAddresses(cli: Cli, ips: readonly string[], options: DestructiveOptions): Promise<void> {
  for (const ip of ips) checkAddress(ip);
  const result = await withIpam(cli, async (ipam) => {
    if (!options.dryRun && !willAsk(cli, options)) return releaseNow(cli, ipam, ips);
    const held = await heldAmong(cli, ipam, new Set(ips));
    if (held.length === 0) throw notAssigned(ips);
    if (options.dryRun) {
      const unallocated = ips.filter((ip) => !held.some((each) => each.ip === ip));
      return plannedResult({ unallocated }, held, ...unallocated.map((ip) => `${ip} is not assigned`));
    }
    await ask(cli, options, held);
    return releaseNow(cli, ipam, ips, held);
  });
  await printResult(cli, result);
}

/** With `held` exactly those assignments; what of `ips` is not among them was not assigned. */
async function releaseNow(cli: Cli, ipam: Ipam, ips: readonly string[], held?: readonly Held[]): Promise<Result> {
  const requests = held ?? ips.map((ip) => ({ ip }));
  const { released, unallocated } = await ipam.releaseIps({ ips: requests, ...cli.call() });
  const done = new Set(released.filter((ip) => !unallocated.includes(ip)));
  if (done.size === 0) throw notAssigned(ips);
  return {
    value: { released: [...done], unallocated: ips.filter((ip) => !done.has(ip)) },
    text: () => ips.map((ip) => (done.has(ip) ? releasedText(ip) : `${ip} is not assigned`)).join('\n'),
  };
}

async function heldAt(cli: Cli, ipam: Ipam, ip: string): Promise<Held | undefined> {
  const found = await ipam.getAssignmentAttributes({ ip, ...cli.call() }).catch(unlessNobody);
  if (!found) return undefined;
  const { handle, sequenceNumber } = found;
  return { ip, sequenceNumber, ...(handle !== undefined && { handle }) };
}

function unlessNobody(error: unknown): undefined {
  if (error instanceof IpamError && (error.code === 'not-found' || error.code === 'address-cooling')) return undefined;
  throw error;
}

async function ask(cli: Cli, options: DestructiveOptions, held: readonly Held[]): Promise<void> {
  await confirmDestructive(cli, options, {
    code: 'not-confirmed',
    facts: `${held.map(heldText).join(', ')} would be released.`,
    question: 'Release?',
    instead: `See all that is known of it: plat why ${held[0]?.ip}.`,
    unattended: 'go on',
  });
}

/** `10.0.0.1 (handle pod-a)`. */
function heldText({ ip, handle }: Held): string {
  return handle === undefined ? ip : `${ip} (handle ${handle})`;
}

function plannedResult(facts: object, held: readonly Held[], ...others: readonly string[]): Result {
  return {
    value: { ...facts, wouldRelease: held.map(({ ip, handle }) => ({ ip, handle: handle ?? null })), dryRun: true },
    text: () => [...held.map((each) => `Would release IP address ${heldText(each)}`), ...others].join('\n'),
  };
}

function changed(what: string, late: readonly Held[]): Refusal {
  return new Refusal('conflict', `${what}. Nothing was done. Look again with --dry-run: plat ipam release --help`, {
    ips: late.map(({ ip }) => ip),
  });
}

function notAssigned(ips: readonly string[]): Refusal {
  return new Refusal('not-found', `IP address ${ips.join(', ')} is not assigned. See what is known of it: plat why ${ips[0]}`, {
    unallocated: ips,
  });
}

function releasedText(ip: string): string {
  return `Successfully released IP address ${ip}`;
}
