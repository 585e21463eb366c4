/** Pods of a containerd whose ADD gets stuck, and what becomes of the processes. */
import { expect, vi } from 'vitest';
import type { Containerd } from './containerd.ts';
import { addsUnderWay, isAlive, type PluginProcess } from './plugin-processes.ts';
import type { RuntimePlugins } from './runtime-plugins.ts';

/** For what must happen, on a busy machine. */
export const WAIT = { timeout: 60_000, interval: 5 };

export type Started = { readonly kind: 'runs'; readonly id: string } | { readonly kind: 'failed'; readonly message: string };

export class StuckAdds {
  readonly #containerd: Containerd;
  readonly #plugins: RuntimePlugins;
  #pods = 0;

  constructor(containerd: Containerd, plugins: RuntimePlugins) {
    this.#containerd = containerd;
    this.#plugins = plugins;
  }

  /** One pod at a time. The runtime itself gives up after `timeoutMs`. */
  async startPod(options: { readonly timeoutMs?: number } = {}): Promise<Started> {
    const pod = { name: `pod-${++this.#pods}`, namespace: 'late' };
    return this.#containerd.cri.runPodSandbox(pod, options).then(
      (id) => ({ kind: 'runs', id }) as const,
      (error: Error) => ({ kind: 'failed', message: error.message }) as const,
    );
  }

  /** Removes a pod that was not held up after all; rejects when it failed. */
  async removeStarted(started: Started): Promise<void> {
    if (started.kind === 'failed') throw new Error(started.message);
    await this.#containerd.cri.stopPodSandbox(started.id);
    await this.#containerd.cri.removePodSandbox(started.id);
  }

  /** The plugin of the pod that is being started, once it is in a certain state. */
  async pluginThat(isIn: (plugin: PluginProcess) => boolean | Promise<boolean>): Promise<PluginProcess> {
    return await vi.waitUntil(async () => {
      const plugin = (await addsUnderWay(this.#plugins.folder)).find(({ role }) => role === 'ipam');
      return plugin && (await isIn(plugin)) ? plugin : undefined;
    }, WAIT);
  }

  /** As a runtime that has waited long enough, which kills the main plugin and no other, and then calls DEL. */
  async giveUp(starting: Promise<Started>, alsoKilled: readonly PluginProcess[] = []): Promise<void> {
    const main = (await addsUnderWay(this.#plugins.folder)).find(({ role }) => role === 'main');
    if (main === undefined) throw new Error('no main plugin is under way');
    for (const { pid } of [main, ...alsoKilled]) process.kill(pid, 'SIGKILL');
    await this.failed(starting, main);
  }

  /** Resolves when the pod has failed and the plugin has answered the DEL. */
  async failed(starting: Promise<Started>, { containerId }: PluginProcess): Promise<void> {
    expect(await starting).toMatchObject({ kind: 'failed' });
    await vi.waitUntil(() => this.#plugins.hasDeleted(containerId), WAIT);
  }

  async ended({ pid }: PluginProcess): Promise<void> {
    await vi.waitUntil(async () => !(await isAlive(pid)), WAIT);
  }
}
