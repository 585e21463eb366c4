/** The pods that the demo places: the output of `kubectl get pods -A -o json`. */
import * as v from 'valibot';
import { Refusal } from '../errors.ts';

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
}

export interface PodList {
  /** Pods that need an address, in the order of the list. */
  readonly pods: readonly Pod[];
  /** Pods that need none, by reason. */
  readonly skipped: { readonly hostNetwork: number; readonly finished: number; readonly pending: number };
}

const PodSchema = v.object({
  metadata: v.object({ name: v.string(), namespace: v.optional(v.string(), 'default') }),
  spec: v.object({ nodeName: v.optional(v.string(), ''), hostNetwork: v.optional(v.boolean(), false) }),
  status: v.optional(v.object({ phase: v.optional(v.string(), '') }), {}),
});
const ListSchema = v.object({ items: v.array(PodSchema) });

const FINISHED = ['Succeeded', 'Failed'];

/** Parses the list; `source` names it in the {@link Refusal} that a wrong one gives. */
export function parsePodList(text: string, source: string): PodList {
  const parsed = v.safeParse(ListSchema, parseJson(text, source));
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw notAList(source, `${v.getDotPath(issue) ?? 'the document'}: ${issue.message}`);
  }
  const skipped = { hostNetwork: 0, finished: 0, pending: 0 };
  const pods: Pod[] = [];
  for (const { metadata, spec, status } of parsed.output.items) {
    if (spec.hostNetwork) skipped.hostNetwork++;
    else if (FINISHED.includes(status.phase ?? '')) skipped.finished++;
    else if (spec.nodeName === '') skipped.pending++;
    else pods.push({ namespace: metadata.namespace, name: metadata.name, node: spec.nodeName });
  }
  if (pods.length === 0) throw notAList(source, 'no pod in it needs an address');
  return { pods, skipped };
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notAList(source, (error as Error).message);
  }
}

function notAList(source: string, reason: string): Refusal {
  return new Refusal(
    'bad-list',
    `${source} is not what 'kubectl get pods -A -o json' prints (${reason}). Save that to a file and give it with --pods.`,
    { file: source },
  );
}
