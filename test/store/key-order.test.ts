import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareKeys } from '../../src/store/key-order.ts';

it('orders keys as their UTF-8 bytes', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '/', '\0', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '\u{10FFFF}') });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});
