import { describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../src/store/memory.ts';
import { allowanceFor } from './allow.ts';
import { ALTERATIONS, type Random, type RawHistory, type RawStep } from './alterations.ts';
import { ALLOW_FILE, historyFiles, historyText } from './files.ts';
import { parseHistory } from './history.ts';
import { replayHistory } from './replay.ts';
import { readAllowances } from './run.ts';

const SEED = 1;
const TRIES_MAX = 20;
const TRIES_MIN = 5;

/** Park and Miller's generator. */
function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

describe('a replay notices', async () => {
  const allowances = await readAllowances(ALLOW_FILE);
  const histories = historyFiles().map((file) => JSON.parse(historyText(file)) as RawHistory);
  // A step that is allowed to differ is allowed to differ more.
  const places = histories.flatMap((history) =>
    history.steps.flatMap((_, index) => (allowanceFor(allowances, history.name, index) ? [] : [{ history, index }])),
  );
  const random = randomFrom(SEED);

  it.each(Object.entries(ALTERATIONS))('%s', async (_, alteration) => {
    const unnoticed: string[] = [];
    let tries = 0;
    for (const { history, index } of shuffled(places, random)) {
      if (tries === TRIES_MAX) break;
      const step = structuredClone(history.steps[index]) as RawStep;
      const altered: RawHistory = { ...history, steps: history.steps.with(index, step) };
      const what = alteration(step, random, altered);
      if (what === undefined) continue;
      tries++;
      const differences = await replayHistory(parseHistory(JSON.stringify(altered)), openMemoryStore(), allowances);
      if (!differences.some(({ kind }) => kind === 'unexpected')) unnoticed.push(`${history.name} step ${index} ${step.op}: ${what}`);
    }
    expect(unnoticed).toEqual([]);
    expect(tries).toBeGreaterThanOrEqual(TRIES_MIN);
  });
});
