import { writeFile } from 'node:fs/promises';

/** Writes a list of `count` pods over `nodes` nodes, as kubectl prints it. */
export async function writePods(file: string, { count, nodes }: { readonly count: number; readonly nodes: number }): Promise<void> {
  const items = Array.from({ length: count }, (_, index) => ({
    metadata: { name: `pod-${index}`, namespace: 'load' },
    spec: { nodeName: `n${index % nodes}` },
    status: { phase: 'Running' },
  }));
  await writeFile(file, JSON.stringify({ kind: 'List', items }));
}
