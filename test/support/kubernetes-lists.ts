/** A stand-in for a Kubernetes API server, as far as lists of nodes and pods go, with a kubeconfig for it. */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { listen } from './listen.ts';

export interface Answer {
  readonly status: number;
  readonly body: object;
}

/** What its kubeconfig has to say who asks. */
export const TOKEN = 'secret-token';

/** Answers GETs by path and query until the test ends; gives the path of the kubeconfig. */
export async function serveLists(answer: (url: string, authorization: string | undefined) => Answer | Promise<Answer>): Promise<string> {
  const server = createServer(async (request, response) => {
    const { status, body } = await answer(request.url ?? '', request.headers.authorization);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const address = await listen(server);
  onTestFinished(() => void server.close());
  return writeKubeconfig({ server: `http://${address}` });
}

/** `cluster`: the members of its cluster, `server` and how to trust it. */
export async function writeKubeconfig(cluster: Readonly<Record<string, string>>, token = TOKEN): Promise<string> {
  const path = join(await temporaryFolder(), 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}
