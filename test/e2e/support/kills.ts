/** A storm of ADD and DEL of which most are killed, and what it leaves certain about each attachment. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../sim/random.ts';
import { type Answer, addressesOf, answerOf, done, startCall } from './call.ts';
import type { Command } from './plugin.ts';

export type AttachmentVerb = 'ADD' | 'DEL';

/** `maybe`: a call of it was killed, and may have been carried out. */
export type Certainty = { readonly kind: 'held'; readonly ip: string } | { readonly kind: 'free' } | { readonly kind: 'maybe' };

export interface Attachment {
  readonly containerId: string;
  readonly certainty: Certainty;
  readonly lastVerb: AttachmentVerb;
}

export interface StormParts {
  readonly command: Command;
  readonly conf: object;
  /** A file that stands for every pod's network namespace, which no IPAM plugin enters. */
  readonly netns: string;
  readonly random: Random;
  /** Calls at a time, each of another attachment. */
  readonly workers: number;
  readonly attachmentsPerWorker: number;
  /** Ends when as many calls as this were killed. */
  readonly kills: number;
}

const KILLED_SHARE = 0.7;
const ADD_SHARE = 0.6;
/** Of the time that a call takes now; some kills come too late. */
const KILL_TIME_SHARE_MAX = 1.2;
/** How far one call moves what a call is thought to take. */
const DURATION_WEIGHT = 0.2;

export class KillStorm {
  readonly #parts: StormParts;
  readonly #attachments = new Map<string, Attachment>();
  #killed = 0;
  #callMs = 0;

  constructor(parts: StormParts) {
    this.#parts = parts;
  }

  get attachments(): readonly Attachment[] {
    return [...this.#attachments.values()];
  }

  /** Rejects when a call that was not killed fails, or an ADD gives another address than the attachment surely has. */
  async run(): Promise<void> {
    const { workers, kills } = this.#parts;
    await this.call('warm-up', 'ADD');
    await Promise.all(
      Array.from({ length: workers }, async (_, worker) => {
        while (this.#killed < kills) await this.#step(worker);
      }),
    );
  }

  /** One call that nobody kills; gives the address of an ADD. */
  async call(containerId: string, verb: AttachmentVerb): Promise<string | undefined> {
    const started = performance.now();
    const answer = answerOf(await this.#start(containerId, verb).ended);
    const tookMs = performance.now() - started;
    this.#callMs += (tookMs - this.#callMs) * (this.#callMs === 0 ? 1 : DURATION_WEIGHT);
    return this.#noteAnswer(containerId, verb, answer);
  }

  async #step(worker: number): Promise<void> {
    const { random, attachmentsPerWorker } = this.#parts;
    const containerId = `w${worker}-${random.int(attachmentsPerWorker)}`;
    const verb = random.chance(ADD_SHARE) ? 'ADD' : 'DEL';
    if (!random.chance(KILLED_SHARE)) {
      await this.call(containerId, verb);
      return;
    }
    const running = this.#start(containerId, verb);
    await Promise.race([running.ended, sleep(random.next() * KILL_TIME_SHARE_MAX * this.#callMs)]);
    running.kill();
    this.#noteAnswer(containerId, verb, answerOf(await running.ended));
  }

  #start(containerId: string, verb: AttachmentVerb) {
    const { command, conf, netns } = this.#parts;
    return startCall(command, { verb, conf, containerId, netns });
  }

  #noteAnswer(containerId: string, verb: AttachmentVerb, answer: Answer): string | undefined {
    const before = this.#attachments.get(containerId)?.certainty ?? { kind: 'free' };
    const note = (certainty: Certainty) => this.#attachments.set(containerId, { containerId, certainty, lastVerb: verb });
    if (answer.kind === 'killed') {
      this.#killed++;
      // An ADD of what is held changes nothing, nor does a DEL of what is free.
      const isRepeat = before.kind === (verb === 'ADD' ? 'held' : 'free');
      note(isRepeat ? before : { kind: 'maybe' });
      return undefined;
    }
    const [ip, ...more] = addressesOf(done(answer));
    if (verb === 'DEL') {
      note({ kind: 'free' });
      return undefined;
    }
    if (ip === undefined || more.length > 0) throw new Error(`${containerId} was given ${ip ?? 'nothing'} ${more}`);
    if (before.kind === 'held' && before.ip !== ip) throw new Error(`${containerId} has ${before.ip} and was given ${ip}`);
    note({ kind: 'held', ip });
    return ip;
  }
}
