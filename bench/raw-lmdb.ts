/** The yardstick of the embedded store: a bare transaction of the size that an assignment writes, on the disk when it returns. */
import { open, type RootDatabase } from 'lmdb';
import { handleOf } from './pods.ts';
import { HANDLE_VALUE, rawBlock } from './raw-values.ts';
import { type Contender, runPass, type Turn } from './rounds.ts';

/** One block read and written, one handle written, one caller. */
export class RawLmdb implements Contender {
  readonly #db: RootDatabase<Buffer, string>;
  readonly #count: number;
  readonly #block = rawBlock();
  #handles = 0;

  /** `count`: transactions of one turn. */
  constructor(folder: string, count: number) {
    this.#db = open<Buffer, string>({ path: folder, encoding: 'binary', overlappingSync: false });
    this.#count = count;
  }

  async turn(): Promise<Turn> {
    return { raw: [await runPass([async () => this.#transact()], this.#count)] };
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  #transact(): void {
    this.#db.transactionSync(() => {
      this.#db.get('block');
      void this.#db.put('block', this.#block);
      void this.#db.put(handleOf(`raw-${this.#handles++}`), HANDLE_VALUE);
    });
  }
}
