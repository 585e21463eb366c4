/** A resolver file as the DNS part of a result (SS-91). */
import { readFileSync, statSync } from 'node:fs';
import { CniError, CODES } from './errors.ts';
import type { Dns } from './result.ts';

/** Code 5 when the file cannot be read. */
export function dnsOf(file: string | undefined): Dns {
  if (file === undefined || file === '') return {};
  let text: string;
  try {
    // A pipe would hold the call up.
    if (!statSync(file).isFile()) throw new Error('it is not a file');
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CniError(CODES.ioFailure, `cannot read ipam.resolvConf ${file}: ${reason}`, 'Correct the path, or leave resolvConf out.');
  }
  return parseResolvConf(text);
}

/** Lines that begin with `#` or `;` are comments; of several domains or search lists the last one counts, as for the resolver. */
export function parseResolvConf(text: string): Dns {
  const nameservers: string[] = [];
  const options: string[] = [];
  let domain: string | undefined;
  let search: readonly string[] = [];
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const [keyword = '', ...values] = line.split(/\s+/);
    if (keyword === 'nameserver') nameservers.push(...values.slice(0, 1));
    else if (keyword === 'domain') domain = values[0];
    else if (keyword === 'search') search = values;
    else if (keyword === 'options') options.push(...values);
  }
  return {
    ...(nameservers.length > 0 && { nameservers }),
    ...(domain !== undefined && { domain }),
    ...(search.length > 0 && { search }),
    ...(options.length > 0 && { options }),
  };
}
