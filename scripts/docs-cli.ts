/** Writes docs/cli.md (`npm run docs:cli`). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliReference } from './cli-reference.ts';

writeFileSync(join(import.meta.dirname, '../docs/cli.md'), await cliReference());
