import { ReplayClock } from '../replay/clock.ts';

/** 2026-08-22T06:30:00Z and a little: what the documents show begins with it. */
const START_NS = 1_787_380_200_123_456_789n;

/** A clock that moves only when it is told to, so that documents can show the numbers that come from it. */
export class StillClock extends ReplayClock {
  #ns = START_NS;

  constructor() {
    super(0n);
  }

  override nowNs(): bigint {
    return this.#ns;
  }

  /** Always the same: documents show no more than one at a time. */
  override uuid(): string {
    return '0f6d3a1e-5b7c-4d2a-9e41-7a8b9c0d1e2f';
  }

  override advance(seconds: number): void {
    super.advance(seconds);
    this.#ns += BigInt(Math.round(seconds * 1e9));
  }
}
