/** Kubernetes' API, as far as this test needs it. Asked directly: a kubectl for each question would take the nodes' time. */
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const URL_OF_API = 'https://10.98.0.1:6443';
const TOKEN = 'e2e-admin';
const TIMEOUT_MS = 30_000;

export interface Api {
  /** The answer as JSON; rejects with what the API says when the status is not 2xx. */
  call<T>(method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown): Promise<T>;
  close(): void;
}

/** `folder`: that of the run, where the server left its certificate. */
export async function openApi(folder: string, signal: AbortSignal): Promise<Api> {
  const agent = new Agent({ keepAlive: true, ca: await readFile(join(folder, 'certs/apiserver.crt')) });
  return {
    close: () => agent.destroy(),
    call: async <T>(method: string, path: string, body?: unknown) => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': type };
      const { status, answer } = await new Promise<{ status: number; answer: string }>((resolve, reject) => {
        const options = { method, agent, headers, signal, timeout: TIMEOUT_MS };
        const call = request(URL_OF_API + path, options, (response) => {
          text(response).then((answer) => resolve({ status: response.statusCode ?? 0, answer }), reject);
        });
        call.on('error', reject);
        call.on('timeout', () => call.destroy(new Error(`${method} ${path}: no answer within ${TIMEOUT_MS / 1_000} s`)));
        call.end(body === undefined ? undefined : JSON.stringify(body));
      });
      if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${answer}`);
      return JSON.parse(answer) as T;
    },
  };
}
