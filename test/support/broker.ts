/** What the run makes once for all test files, asked for from one of them (globalSetup.ts answers). */
import { inject } from 'vitest';

export async function ask(path: string): Promise<unknown> {
  const response = await fetch(`${inject('broker')}${path}`);
  if (!response.ok) throw new Error(await response.text());
  return await response.json();
}
