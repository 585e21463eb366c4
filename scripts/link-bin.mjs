/** Links the package's own command where `npx` looks first: npm links only those of dependencies. */
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';

const binFolder = join('node_modules', '.bin');
const { bin } = JSON.parse(readFileSync('package.json', 'utf8'));
mkdirSync(binFolder, { recursive: true });
for (const [name, file] of Object.entries(bin)) {
  const link = join(binFolder, name);
  rmSync(link, { force: true });
  symlinkSync(relative(binFolder, file), link);
}
