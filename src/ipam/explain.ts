/** Why an address is what it is, and what an assignment would do: plans over one read, never committed. */
import { addressSentences } from '../core/plan/explain-address.ts';
import { type AssignPreview, previewAssignIp, previewAutoAssign } from '../core/plan/explain-assign.ts';
import { lookAtAddress } from '../core/plan/look-at-address.ts';
import type { AssignIpOptions, AutoAssignOptions, CallOptions } from './api.ts';
import { ipArgument } from './arguments.ts';
import { assignIpRequest, autoAssignRequest } from './assign.ts';
import { type Context, look } from './context.ts';
import { invalidArgument } from './errors.ts';
import type { AssignExplanation, IpExplanation } from './explain-api.ts';
import { errorOfRefusal } from './translate.ts';

export async function explainIp(context: Context, { ip, ...call }: { readonly ip: string } & CallOptions): Promise<IpExplanation> {
  const explanation = await look(context, call, lookAtAddress(ipArgument(ip)));
  return { ...explanation, sentences: addressSentences(explanation) };
}

export async function explainAssign(context: Context, options: AutoAssignOptions | AssignIpOptions): Promise<AssignExplanation> {
  if ('ip' in options) return explanationOf(await look(context, options, previewAssignIp(assignIpRequest(context, options))));
  const request = autoAssignRequest(context, options);
  if (request.families.length === 0) throw invalidArgument('no address is asked for: num4 or num6 must be 1 or more.');
  return explanationOf(await look(context, options, previewAutoAssign(request)));
}

function explanationOf({ addresses, refusal, considered }: AssignPreview): AssignExplanation {
  const error = refusal && errorOfRefusal(refusal);
  return {
    assignable: refusal === undefined,
    addresses: addresses.map(({ assigned: { ip, block, pool }, source }) => ({ ip: ip.text, block: block.text, pool, source })),
    refusal: error ? { code: error.code, message: error.message, details: error.details } : null,
    considered: considered.map((pool) => ({ ...pool, change: pool.change ?? null })),
  };
}
