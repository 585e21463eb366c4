/** Deleting a node: its blocks belong to nobody afterwards, addresses in use stay with their holders. */
import { confirmDestructive, type DestructiveOptions } from '../confirm.ts';
import { surveyedNode } from '../node-survey.ts';
import { countOf } from '../quantity.ts';
import { type Deleted, type Deleting, type Named, stayingText } from './deletion.ts';
import { kindOfWord } from './kinds.ts';
import { notThere } from './select.ts';

export async function deleteNode({ cli, ipam }: Deleting, named: Named, options: DestructiveOptions): Promise<Deleted> {
  const { name } = named;
  const survey = await surveyedNode(cli, ipam, name);
  if (!survey.hasRecord) throw notThere(kindOfWord('node'), [name]);
  // A version that the caller named, or the record that was looked at.
  await ipam.nodes.delete({ resourceVersion: String(survey.recordRevision), ...named, dryRun: true, ...cli.call() });
  // As calicoctl's, which the lock does not stop.
  const taking = { survey, keepAddresses: true, evenIfLocked: true, ...cli.call() };
  const { givenUp } = await ipam.removeNode({ ...taking, dryRun: true });
  const inUse = survey.addresses.length + survey.others.length;
  if (!options.dryRun && inUse > 0) {
    await confirmDestructive(cli, options, {
      code: 'node-in-use',
      facts: `Node '${name}' has ${countOf(inUse, 'address', 'addresses')} in use, in ${countOf(givenUp.length, 'block')}. What is in use stays so until released.`,
      question: 'Delete it?',
      instead: `To release them too: plat node remove ${name}.`,
      details: { node: name, inUse },
    });
  }
  if (!options.dryRun) await ipam.removeNode(taking);
  return { outcome: 'deleted', ...(inUse > 0 && { note: stayingText(inUse) }), facts: { addressesLeftInUse: inUse } };
}
