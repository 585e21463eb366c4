/** A client of the Kubernetes container runtime interface: asks a runtime for what a kubelet asks it. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, credentials, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const SERVICE = loadSync(join(import.meta.dirname, 'cri.proto'), { keepCase: true, defaults: true })[
  'runtime.v1.RuntimeService'
] as ServiceDefinition;
/** Far more than any call takes on a busy machine. */
const TIMEOUT_MS = 60_000;

export interface Pod {
  readonly name: string;
  readonly namespace: string;
}

/** What a runtime says of itself, such as `NetworkReady`. */
export interface Condition {
  readonly type: string;
  readonly status: boolean;
  readonly message: string;
}

interface SandboxStatus {
  readonly status: { readonly network: { readonly ip: string; readonly additional_ips: readonly { readonly ip: string }[] } | null };
}

/** Every call rejects with what the runtime said; its `code` is that of gRPC. */
export class Cri {
  readonly #client: Client;

  /** @param socket its path */
  constructor(socket: string) {
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure());
  }

  /** The id of its sandbox. The runtime gives up when the time is over. */
  async runPodSandbox({ name, namespace }: Pod, { timeoutMs = TIMEOUT_MS } = {}): Promise<string> {
    const config = { metadata: { name, namespace, uid: randomUUID() }, linux: {} };
    const { pod_sandbox_id } = await this.#call<{ pod_sandbox_id: string }>('RunPodSandbox', { config }, timeoutMs);
    return pod_sandbox_id;
  }

  async stopPodSandbox(id: string): Promise<void> {
    await this.#call('StopPodSandbox', { pod_sandbox_id: id });
  }

  async removePodSandbox(id: string): Promise<void> {
    await this.#call('RemovePodSandbox', { pod_sandbox_id: id });
  }

  async addressesOf(id: string): Promise<string[]> {
    const { status } = await this.#call<SandboxStatus>('PodSandboxStatus', { pod_sandbox_id: id });
    return status.network === null ? [] : [status.network.ip, ...status.network.additional_ips.map(({ ip }) => ip)];
  }

  async conditions(): Promise<readonly Condition[]> {
    const { status } = await this.#call<{ status: { conditions: readonly Condition[] } }>('Status', {});
    return status.conditions;
  }

  /** The network configuration that the runtime has read: JSON of its own making. */
  async networkConfiguration(): Promise<string> {
    const { info } = await this.#call<{ info: Readonly<Record<string, string>> }>('Status', { verbose: true });
    return info['cniconfig'] ?? '';
  }

  close(): void {
    this.#client.close();
  }

  #call<T>(name: string, request: object, timeoutMs = TIMEOUT_MS): Promise<T> {
    const method = SERVICE[name];
    if (method === undefined) throw new Error(`cri.proto has no ${name}`);
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + timeoutMs };
      this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        options,
        (error: Error | null, reply?: unknown) => (error ? reject(error) : resolve(reply as T)),
      );
    });
  }
}
