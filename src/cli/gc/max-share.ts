import { InvalidArgumentError, Option } from 'commander';
import { MAX_SHARE_PERCENT } from '../../core/collect/share.ts';

/** `--max-share`, of every command that releases what evidence calls leaked. */
export function maxShareOption(): Option {
  return new Option(
    '--max-share <percent>',
    `refuse to release more of the judged addresses than this at once (default: ${MAX_SHARE_PERCENT})`,
  )
    .argParser(parsePercent)
    .default(MAX_SHARE_PERCENT);
}

function parsePercent(text: string): number {
  const percent = Number(text);
  if (/^\d{1,3}$/.test(text) && percent <= 100) return percent;
  throw new InvalidArgumentError('Expected a whole number of percent, 0 to 100.');
}
