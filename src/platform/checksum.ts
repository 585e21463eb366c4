import { createHash } from 'node:crypto';

/** A running SHA-256 over texts, as UTF-8. */
export interface Checksum {
  add(text: string): void;
  /** Of everything added so far, in hexadecimal; nothing can be added afterwards. */
  end(): string;
}

export function startChecksum(): Checksum {
  const hash = createHash('sha256');
  return {
    add: (text) => {
      hash.update(text, 'utf8');
    },
    end: () => hash.digest('hex'),
  };
}
